/** The values that host and worker exchange: the `TypedData` of the Functions language worker protocol. */
export interface TypedData {
  readonly string?: string;
  readonly json?: string;
  readonly bytes?: Uint8Array;
  readonly int?: number;
  readonly double?: number;
  readonly http?: HttpRequestData | HttpResponseData;
  readonly collectionString?: { readonly string: readonly string[] };
  readonly collectionBytes?: { readonly bytes: readonly Uint8Array[] };
  readonly collectionSint64?: { readonly sint64: readonly number[] };
}

export interface NullableString {
  readonly value: string;
}

export interface HttpRequestData {
  readonly url: string;
  readonly method: string;
  readonly nullableHeaders: Readonly<Record<string, NullableString>>;
  readonly nullableQuery: Readonly<Record<string, NullableString>>;
  readonly nullableParams: Readonly<Record<string, NullableString>>;
  readonly body?: TypedData;
}

export interface HttpResponseData {
  readonly statusCode?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: readonly HttpCookie[];
  readonly body?: TypedData | null;
}

/** A cookie as the library hands it over: optional fields are wrapped (`{ value }`), `sameSite` is the protocol's word. */
export interface HttpCookie {
  readonly name: string;
  readonly value: string;
  readonly domain?: { readonly value?: string };
  readonly path?: { readonly value?: string };
  readonly expires?: {
    readonly value?: { readonly seconds?: number; readonly nanos?: number };
  };
  readonly secure?: { readonly value?: boolean };
  readonly httpOnly?: { readonly value?: boolean };
  readonly sameSite?: "none" | "lax" | "strict" | "explicitNone";
  readonly maxAge?: { readonly value?: number };
}

/** Named binding data of one invocation. */
export interface ParameterData {
  readonly name: string;
  readonly data: TypedData;
}

/** Whether JSON may begin and end so: all that is JSON, and little else. */
const mayBeJson = /^\s*(?:[[{"]|-?\d[\d.eE+-]*\s*$|(?:true|false|null)\s*$)/;

/**
 * A string that the library is to parse if it is JSON, as it does with every string. One that cannot be JSON goes as what
 * it would be after that: a parse that fails costs the worker as much as all else that it does with its arguments.
 */
export function toStringData(text: string): TypedData {
  return mayBeJson.test(text)
    ? { string: text }
    : { json: JSON.stringify(text) };
}

/** The JSON text of a value that a function returned, as Durable stores it; undefined for no value. */
export function toJsonText(
  data: TypedData | null | undefined,
): string | undefined {
  if (data === null || data === undefined) return undefined;
  if (data.json !== undefined) return data.json;
  if (data.string !== undefined) return JSON.stringify(data.string);
  if (data.int !== undefined) return String(data.int);
  if (data.double !== undefined) return JSON.stringify(data.double);
  if (data.bytes !== undefined)
    return JSON.stringify(Buffer.from(data.bytes).toString("base64"));
  return undefined;
}

/** The bytes of a response body. */
export function toBytes(data: TypedData | null | undefined): Uint8Array {
  if (data === null || data === undefined) return new Uint8Array();
  if (data.bytes !== undefined) return data.bytes;
  const text = data.string ?? toJsonText(data) ?? "";
  return Buffer.from(text, "utf8");
}
