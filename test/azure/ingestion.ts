import { once } from "node:events";
import { createServer } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import { trustedCertificate } from "./certificate.ts";
import type { Identity } from "./identity.ts";

const baseTypes = [
  "RequestData",
  "RemoteDependencyData",
  "EventData",
  "MetricData",
  "MessageData",
  "ExceptionData",
  "AvailabilityData",
  "PageViewData",
] as const;

/** One item of telemetry, as the ingestion endpoint's schema has it, with the parts that tests look at. */
const Envelope = z.object({
  name: z.string().startsWith("Microsoft.ApplicationInsights."),
  time: z.iso.datetime(),
  iKey: z.string(),
  sampleRate: z.number().optional(),
  tags: z.record(z.string(), z.string()),
  data: z.object({
    baseType: z.enum(baseTypes),
    baseData: z.looseObject({
      ver: z.literal(2),
      name: z.string().optional(),
      id: z.string().optional(),
      type: z.string().optional(),
      success: z.boolean().optional(),
      responseCode: z.string().optional(),
      resultCode: z.string().optional(),
      properties: z.record(z.string(), z.string()).default({}),
      metrics: z
        .array(
          z.looseObject({
            name: z.string(),
            value: z.number(),
            count: z.number().optional(),
          }),
        )
        .default([]),
    }),
  }),
});
export type Envelope = z.infer<typeof Envelope>;

/** How the endpoint answers instead of taking everything. */
export type Refusal =
  | { readonly status: 429; readonly retryAfterSeconds: number }
  | { readonly status: 500 }
  /** Takes each item but those of these places in the request. */
  | { readonly status: 206; readonly refused: readonly number[] }
  /** Does not answer; what waits is answered when the refusal ends. */
  | "silence";

/** Azure Monitor's ingestion endpoint, version 2.1, over TLS. */
export interface Ingestion {
  readonly origin: string;
  readonly connectionString: string;
  /** Everything that was accepted, in the order of its arrival. */
  readonly accepted: readonly Envelope[];
  /** What came in, byte for byte and unpacked, accepted or not. */
  readonly bodies: readonly Uint8Array[];
  /** Requests that have come in, whatever came of them. */
  readonly requests: number;
  /** From now on; undefined: it takes everything again. */
  refuse(refusal: Refusal | undefined): void;
  /** Resolves with the next request that comes in. */
  nextRequest(): Promise<void>;
  close(): Promise<void>;
}

const instrumentationKey = "5f1c1d0e-0000-4000-8000-0000000000a1";
const audience = "https://monitor.azure.com";
const maxItemBytes = 64 * 1024;

interface ItemError {
  readonly index: number;
  readonly statusCode: number;
  readonly message: string;
}

/** @param options.identity whose tokens are asked for: the resource's local authentication is off */
export async function startIngestion(
  options: { readonly identity?: Identity } = {},
): Promise<Ingestion> {
  const { cert, key } = await trustedCertificate();
  const accepted: Envelope[] = [];
  const bodies: Uint8Array[] = [];
  let requests = 0;
  let refusal: Refusal | undefined;
  let silence = Promise.withResolvers<void>();
  let arrival = Promise.withResolvers<void>();

  const take = (items: readonly unknown[]): ItemError[] => {
    const refused =
      refusal !== "silence" && refusal?.status === 206 ? refusal.refused : [];
    return items.flatMap((item, index) => {
      const error = checkItem(item, refused.includes(index));
      if (error !== undefined) return [{ index, ...error }];
      accepted.push(Envelope.parse(item));
      return [];
    });
  };

  const answer = async (
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<unknown> => {
    const body = await readBody(request);
    requests += 1;
    bodies.push(body);
    arrival.resolve();
    arrival = Promise.withResolvers();
    const send = (status: number, value: unknown): void => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(value));
    };
    if (request.method !== "POST" || request.url !== "/v2.1/track")
      return send(404, {});
    const { authorization } = request.headers;
    if (
      options.identity &&
      !(await options.identity.accepts(authorization, [audience]))
    )
      return send(401, toReport(0, [], "Credentials required"));
    if (refusal === "silence") await silence.promise;
    if (refusal === "silence") return response.destroy();
    if (refusal?.status === 429) {
      response.setHeader("retry-after", String(refusal.retryAfterSeconds));
      return send(429, {});
    }
    if (refusal?.status === 500) return send(500, {});
    const items = parseItems(body);
    if (items === undefined) return send(400, toReport(0, [], "Invalid JSON"));
    const errors = take(items);
    const status =
      errors.length === 0 ? 200 : errors.length === items.length ? 400 : 206;
    return send(status, toReport(items.length, errors));
  };

  const server = createServer({ cert, key }, (request, response) => {
    void answer(request, response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const origin = `https://127.0.0.1:${port}`;

  return {
    origin,
    connectionString: [
      `InstrumentationKey=${instrumentationKey}`,
      `IngestionEndpoint=${origin}/`,
      `LiveEndpoint=${origin}/`,
      "ApplicationId=5f1c1d0e-0000-4000-8000-0000000000a2",
    ].join(";"),
    accepted,
    bodies,
    get requests() {
      return requests;
    },
    refuse(next) {
      refusal = next;
      silence.resolve();
      silence = Promise.withResolvers();
    },
    nextRequest: () => arrival.promise,
    async close() {
      silence.resolve();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const body = Buffer.concat(await request.toArray());
  return request.headers["content-encoding"] === "gzip"
    ? gunzipSync(body)
    : body;
}

/** An array, one item, or one item a line. */
function parseItems(body: Buffer): unknown[] | undefined {
  const text = body.toString("utf8").trim();
  try {
    return text.startsWith("[")
      ? (JSON.parse(text) as unknown[])
      : text.split("\n").map((line) => JSON.parse(line) as unknown);
  } catch {
    return undefined;
  }
}

function checkItem(
  item: unknown,
  isRefused: boolean,
): Omit<ItemError, "index"> | undefined {
  if (isRefused) return { statusCode: 500, message: "Internal error" };
  const parsed = Envelope.safeParse(item);
  if (!parsed.success)
    return { statusCode: 400, message: z.prettifyError(parsed.error) };
  if (parsed.data.iKey !== instrumentationKey)
    return { statusCode: 400, message: "Invalid instrumentation key" };
  return Buffer.byteLength(JSON.stringify(item)) > maxItemBytes
    ? { statusCode: 402, message: "Telemetry item is too large" }
    : undefined;
}

function toReport(
  itemsReceived: number,
  errors: readonly ItemError[],
  message?: string,
) {
  return {
    itemsReceived,
    itemsAccepted: itemsReceived - errors.length,
    errors:
      message === undefined ? errors : [{ index: 0, statusCode: 400, message }],
    appId: null,
  };
}
