/**
 * The axios of `durable-functions`, whose requests to the RPC door take the worker's channel. A connection, its headers
 * and its streams cost ten times what the request itself does.
 *
 * X1. What the client sees is what axios' own adapter would have shown it: text, status, headers, and the same refusal.
 * X2. What is more than a request and its answer (a time limit, an abort, progress) is left to a connection: that
 *     request goes through the door, and so does every request to elsewhere.
 */
import { STATUS_CODES } from "node:http";
import type { RpcAnswer, RpcRequest } from "../worker-messages.ts";
import type { RpcChannel } from "./rpc-channel.ts";
import { supplyModule } from "./supply-module.ts";

/** What is used of axios. The app brings its own, in the version that its durable-functions asks for. */
export interface Axios {
  create(config?: object): unknown;
  readonly defaults: { readonly adapter?: unknown };
  /** Absent before 1.5. */
  readonly getAdapter?: (adapter: unknown) => AxiosAdapter;
  readonly AxiosHeaders: new (headers: RpcAnswer["headers"]) => AxiosHeaders;
  readonly AxiosError: new (
    message: string,
    code: string,
    config: AxiosConfig,
    request: undefined,
    response: AxiosResponse,
  ) => Error;
}

export type AxiosAdapter = (config: AxiosConfig) => Promise<AxiosResponse>;

interface AxiosHeaders {
  /** Those that are set, under the names that they were set by. */
  toJSON(): Record<string, string | string[]>;
}

/** As axios hands it to an adapter: with its defaults, and the body made text where it was a value. */
export interface AxiosConfig {
  readonly url?: string;
  readonly method?: string;
  readonly data?: unknown;
  readonly headers: AxiosHeaders;
  readonly validateStatus?: ((status: number) => boolean) | null;
  readonly [option: string]: unknown;
}

export interface AxiosResponse {
  readonly data: unknown;
  readonly status: number;
  readonly statusText: string;
  readonly headers: AxiosHeaders;
  readonly config: AxiosConfig;
}

type Channel = Pick<RpcChannel, "baseUrl" | "ask">;

/** Options that axios' own adapter reads to make another request of it, to cut it, or to show it otherwise. */
const connectionOptions = [
  "auth",
  "baseURL",
  "cancelToken",
  "onDownloadProgress",
  "onUploadProgress",
  "params",
  "responseType",
  "signal",
  "timeout",
] as const;
const limits = ["maxBodyLength", "maxContentLength"] as const;

/** In characters. Longer bodies stream through the door, which has a limit; on the channel all else would wait for them. */
const longestBody = 1024 * 1024;

const durableFunctionsFile =
  /[\\/]node_modules[\\/]durable-functions[\\/]lib[\\/]/;

/** `require("axios")` in `durable-functions`, and nowhere else, answers one that uses the channel. */
export function supplyRpcAxios(channel: Channel): void {
  supplyModule("axios", (load, requirer) =>
    durableFunctionsFile.test(requirer)
      ? createRpcAxios(load() as Axios, channel)
      : load(),
  );
}

/** The same axios, except that the instances it creates use the channel. One that is too old for that is left as it is. */
export function createRpcAxios(axios: Axios, channel: Channel): Axios {
  const { getAdapter } = axios;
  if (getAdapter === undefined) return axios;
  const adapter = createRpcAdapter(axios, getAdapter, channel);
  const create: Axios["create"] = (config) =>
    axios.create({ adapter, ...config });
  const supplied: Axios = new Proxy(axios, {
    get(target, name) {
      if (name === "create") return create;
      return name === "default" ? supplied : Reflect.get(target, name);
    },
  });
  return supplied;
}

function createRpcAdapter(
  axios: Axios,
  getAdapter: (adapter: unknown) => AxiosAdapter,
  channel: Channel,
): AxiosAdapter {
  return async (config) => {
    const request = toRpcRequest(config, channel.baseUrl());
    return request === undefined
      ? getAdapter(axios.defaults.adapter)(config)
      : toResponse(axios, config, await channel.ask(request));
  };
}

/** Undefined for a request that has to go over HTTP. */
function toRpcRequest(
  config: AxiosConfig,
  baseUrl: string | undefined,
): RpcRequest | undefined {
  const { url, method = "get", data = "", headers } = config;
  if (baseUrl === undefined || url?.startsWith(baseUrl) !== true)
    return undefined;
  if (typeof data !== "string" || data.length > longestBody) return undefined;
  if (connectionOptions.some((option) => Boolean(config[option])))
    return undefined;
  if (limits.some((limit) => isLimit(config[limit]))) return undefined;
  return {
    method,
    path: url.slice(baseUrl.length),
    headers: toLowerCaseNames(headers),
    ...(data !== "" && { body: data }),
  };
}

/** -1 and Infinity are none. */
function isLimit(value: unknown): boolean {
  return typeof value === "number" && value >= 0 && value !== Infinity;
}

function toLowerCaseNames(headers: AxiosHeaders): RpcRequest["headers"] {
  const lower: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers.toJSON()))
    lower[name.toLowerCase()] = value;
  return lower;
}

/** @throws AxiosError for a status that the config does not take, as axios does. */
function toResponse(
  axios: Axios,
  config: AxiosConfig,
  { status, headers, body = "" }: RpcAnswer,
): AxiosResponse {
  const response: AxiosResponse = {
    data: body,
    status,
    statusText: STATUS_CODES[status] ?? "",
    headers: new axios.AxiosHeaders(headers),
    config,
  };
  const { validateStatus } = config;
  if (typeof validateStatus !== "function" || validateStatus(status))
    return response;
  throw new axios.AxiosError(
    `Request failed with status code ${status}`,
    status >= 400 && status < 500 ? "ERR_BAD_REQUEST" : "ERR_BAD_RESPONSE",
    config,
    undefined,
    response,
  );
}
