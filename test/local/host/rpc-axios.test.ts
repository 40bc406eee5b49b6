import { createRequire } from "node:module";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ManagementRequest } from "../../../local/durable/management.ts";
import { listenRpc } from "../../../local/host/http/listen-rpc.ts";
import type { RpcListener } from "../../../local/host/http/listen-rpc.ts";
import type { Management } from "../../../local/host/http/serve-management.ts";
import { createRpcAxios } from "../../../local/host/worker/rpc-axios.ts";
import type {
  Axios,
  AxiosResponse,
} from "../../../local/host/worker/rpc-axios.ts";
import type { RpcRequest } from "../../../local/host/worker-messages.ts";

/** The axios that durable-functions uses, and what is called of an instance. */
const requireBeside = createRequire(
  createRequire(import.meta.url).resolve("durable-functions"),
);
const axios = requireBeside("axios") as Axios;

interface Instance {
  get(url: string, config?: object): Promise<AxiosResponse>;
  delete(url: string, config?: object): Promise<AxiosResponse>;
  post(url: string, data?: unknown, config?: object): Promise<AxiosResponse>;
}

/** As the durable client creates its instance. */
const durableConfig = {
  validateStatus: (status: number) => status < 600,
  headers: { post: { "Content-Type": "application/json" } },
  maxContentLength: Infinity,
};

/** Answers with what the path says, and remembers what it was asked. */
let asked: ManagementRequest[] = [];
const answers: Readonly<Record<string, Awaited<ReturnType<Management>>>> = {
  json: {
    status: 200,
    headers: { "content-type": "application/json; charset=utf-8" },
    body: JSON.stringify({ greeting: "Grüße, 世界 🌍", list: [1, null] }),
  },
  scalar: {
    status: 200,
    headers: { "content-type": "application/json" },
    body: "7",
  },
  page: {
    status: 200,
    headers: {
      "content-type": "application/json",
      "x-ms-continuation-token": "token-2",
    },
    body: "[]",
  },
  text: { status: 500, headers: {}, body: "no {json" },
  accepted: { status: 202, headers: { location: "http://x/" }, body: "{}" },
  empty: { status: 202, headers: {}, body: undefined },
  gone: { status: 410, headers: {}, body: undefined },
  long: { status: 200, headers: {}, body: JSON.stringify("ä".repeat(2e6)) },
};
const management: Management = async (request) => {
  asked.push(request);
  const name = /^\/durabletask\/([a-z]*)/.exec(request.url)?.[1] ?? "";
  if (name === "broken") throw new Error("the task hub is closed");
  return Promise.resolve(answers[name]);
};

let opened: Management | undefined = management;
let rpc: RpcListener;
let overChannel: RpcRequest[] = [];
const instances = (config: object = durableConfig) => ({
  http: axios.create(config) as Instance,
  channel: createRpcAxios(axios, {
    baseUrl: () => rpc.rpcBaseUrl,
    ask(request) {
      overChannel.push(request);
      // As it arrives at the other process.
      return rpc.ask(structuredClone(request));
    },
  }).create(config) as Instance,
});

beforeAll(async () => {
  rpc = await listenRpc(() => opened);
});
afterAll(() => rpc.close());

/** Headers that a connection adds of its own. */
const connectionHeaders = new Set([
  "accept-encoding",
  "connection",
  "content-length",
  "date",
  "host",
  "keep-alive",
  "transfer-encoding",
  "user-agent",
]);

const withoutConnection = (headers: object): object =>
  Object.fromEntries(
    Object.entries(headers).filter(([name]) => !connectionHeaders.has(name)),
  );

/** What a caller can see, apart from what belongs to the connection. */
function toSeen({ data, status, statusText, headers, config }: AxiosResponse) {
  return {
    data,
    status,
    statusText,
    headers: withoutConnection(headers.toJSON()),
    hasAxiosHeaders: headers instanceof axios.AxiosHeaders,
    url: config.url,
    method: config.method,
  };
}

/** Sends the same both ways. */
async function sendBoth(
  send: (instance: Instance) => Promise<AxiosResponse>,
  config?: object,
): Promise<readonly [http: unknown, channel: unknown]> {
  const { http, channel } = instances(config);
  const outcome = (instance: Instance): Promise<unknown> =>
    send(instance).then(toSeen, (error: unknown) => {
      const { name, message, code, response } = error as Error & {
        code: string;
        response: AxiosResponse;
      };
      return { name, message, code, response: toSeen(response) };
    });
  overChannel = [];
  const seen = [await outcome(http), await outcome(channel)] as const;
  expect(overChannel).toHaveLength(1);
  return seen;
}

describe("a response over the channel is the one that axios' http adapter gives", () => {
  it.each([...Object.keys(answers), "unknown", "broken"])(
    "to an answer of the kind %s",
    async (name) => {
      const [http, channel] = await sendBoth((instance) =>
        instance.get(`${rpc.rpcBaseUrl}${name}`),
      );
      expect(channel).toEqual(http);
    },
  );

  it("while the management API is not open yet", async () => {
    opened = undefined;
    const [http, channel] = await sendBoth((instance) =>
      instance.get(`${rpc.rpcBaseUrl}json`),
    );
    opened = management;
    expect(channel).toEqual(http);
    expect(channel).toMatchObject({ status: 404, data: "" });
  });

  it.each(["gone", "text"])(
    "which rejects where the status %s is not taken",
    async (name) => {
      const [http, channel] = await sendBoth(
        (instance) => instance.get(`${rpc.rpcBaseUrl}${name}`),
        {},
      );
      expect(channel).toEqual(http);
      expect(channel).toMatchObject({ name: "AxiosError" });
    },
  );
});

describe("a request over the channel arrives as through the door", () => {
  const requests: Readonly<
    Record<string, (instance: Instance, url: string) => Promise<AxiosResponse>>
  > = {
    "with a JSON body": (instance, url) =>
      instance.post(url, JSON.stringify({ text: "Grüße, 世界 🌍" })),
    "with an unpaired surrogate": (instance, url) =>
      instance.post(url, '"\ud800"'),
    "with an empty body": (instance, url) => instance.post(url, ""),
    "without a body": (instance, url) => instance.post(url),
    "with the headers of a trace and of a page": (instance, url) =>
      instance.get(url, {
        headers: {
          traceparent: `00-${"1".repeat(32)}-${"2".repeat(16)}-01`,
          "x-ms-continuation-token": "token-1",
        },
      }),
    "with the verb delete and an escaped path": (instance, url) =>
      instance.delete(new URL("instances/ä b?x=ü&y=%2F#f", url).href),
  };

  it.each(Object.entries(requests))("%s", async (_, send) => {
    asked = [];
    await sendBoth((instance) => send(instance, `${rpc.rpcBaseUrl}json`));
    const [http, channel] = asked.map((request) => {
      const url = new URL(request.url, rpc.rpcBaseUrl);
      return {
        method: request.method.toUpperCase(),
        url: url.pathname + url.search,
        body: request.body.toString("utf8"),
        headers: withoutConnection(request.headers),
      };
    });
    expect(channel).toEqual(http);
  });
});

describe("a request goes through the door", () => {
  const url = (): string => `${rpc.rpcBaseUrl}json`;
  const requests: Readonly<
    Record<string, (instance: Instance) => Promise<AxiosResponse>>
  > = {
    "with a time limit": (instance) => instance.get(url(), { timeout: 60_000 }),
    "that can be aborted": (instance) =>
      instance.get(url(), { signal: new AbortController().signal }),
    "that asks for bytes": (instance) =>
      instance.get(url(), { responseType: "arraybuffer" }),
    "with a query that axios is to write": (instance) =>
      instance.get(url(), { params: { a: 1 } }),
    "whose body is limited": (instance) =>
      instance.post(url(), "1", { maxBodyLength: 10 }),
    "whose body is bytes": (instance) => instance.post(url(), Buffer.from("1")),
    "whose body is long": (instance) =>
      instance.post(url(), JSON.stringify("x".repeat(1024 * 1024))),
  };

  it.each(Object.entries(requests))("%s", async (_, send) => {
    overChannel = [];
    expect((await send(instances().channel)).status).toBe(200);
    expect(overChannel).toEqual([]);
  });

  it("to elsewhere, and as long as the host has not told the door", async () => {
    const elsewhere = rpc.rpcBaseUrl.replace(/[^/]+\/durabletask\/$/, "other/");
    overChannel = [];
    expect((await instances().channel.get(elsewhere)).status).toBe(404);
    const early = createRpcAxios(axios, {
      baseUrl: () => undefined,
      ask: () => Promise.reject(new Error("asked too early")),
    }).create() as Instance;
    expect((await early.get(url())).status).toBe(200);
    expect(overChannel).toEqual([]);
  });

  it("and is refused there when its body is above the limit of any request", async () => {
    const body = "1".repeat(100 * 1024 * 1024 + 1);
    const { status } = await instances().channel.post(
      `${rpc.rpcBaseUrl}json`,
      body,
      { transformRequest: [] },
    );
    expect(status).toBe(413);
  });
});

describe("the axios of durable-functions", () => {
  it("is the app's own in all but what it creates", () => {
    const supplied = createRpcAxios(axios, {
      baseUrl: () => undefined,
      ask: () => Promise.reject(new Error("nobody asks")),
    });
    expect(Reflect.get(supplied, "default")).toBe(supplied);
    expect(supplied.AxiosError).toBe(axios.AxiosError);
    expect(supplied.defaults).toBe(axios.defaults);
  });

  it("is left as it is where it is too old to name its adapters", () => {
    const { getAdapter: _, ...old } = axios;
    const channel = { baseUrl: () => undefined, ask: rpc.ask };
    expect(createRpcAxios(old, channel)).toBe(old);
  });
});
