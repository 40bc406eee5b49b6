import type { LocalIssuer } from "../../local/issuer/local-issuer.ts";

export type TokenIssuer = Pick<LocalIssuer, "issueToken">;
import type { Role } from "../../shared/auth/principal.ts";

/** Who calls, as a token says it; an adapter of tenant t1 unless said otherwise. */
export interface Caller {
  readonly roles?: readonly (Role | "")[];
  readonly tenantId?: string;
  readonly userId?: string;
  readonly appId?: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

export interface ApiClient {
  token(caller?: Caller): Promise<string>;
  /** Calls the API as `caller`; a `body` that is not a string is sent as JSON. */
  call(
    method: string,
    path: string,
    options?: {
      readonly caller?: Caller | null;
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    },
  ): Promise<ApiAnswer>;
}

/** An adapter's view of the app at `url`. */
export function createApiClient(url: string, issuer: TokenIssuer): ApiClient {
  const token: ApiClient["token"] = ({
    roles = ["adapter"],
    tenantId = "t1",
    userId = "u1",
    appId,
  } = {}) =>
    issuer.issueToken({
      roles: roles.filter((role) => role !== ""),
      tenantId,
      userId,
      ...(appId !== undefined && { appId }),
      ttlSeconds: 3600,
    });

  return {
    token,
    async call(method, path, { caller = {}, body, headers = {} } = {}) {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          ...(caller && { authorization: `Bearer ${await token(caller)}` }),
          ...(body !== undefined && { "content-type": "application/json" }),
          ...headers,
        },
        ...(body !== undefined && {
          body: typeof body === "string" ? body : JSON.stringify(body),
        }),
      });
      const text = await response.text();
      return {
        status: response.status,
        headers: response.headers,
        body: text === "" ? undefined : (JSON.parse(text) as unknown),
      };
    },
  };
}
