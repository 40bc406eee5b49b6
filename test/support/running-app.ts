import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { findFreePort } from "../../cli/start-local-app.ts";
import type { HostLogLine } from "../../local/host/host-log.ts";
import { startHost, type RunningHost } from "../../local/host/start-host.ts";
import {
  createLocalIssuer,
  localAudience,
  localIssuerUrl,
} from "../../local/issuer/local-issuer.ts";
import type { Role } from "../../shared/auth/principal.ts";
import { queues } from "../../shared/messages/queues.ts";

const appRoot = resolve(import.meta.dirname, "../..");

/** Who calls, as a token says it; an adapter of tenant t1 unless said otherwise. */
export interface Caller {
  readonly roles?: readonly (Role | "")[];
  readonly tenantId?: string;
  readonly userId?: string;
  readonly appId?: string;
}

/** The whole built app on the embedded runtime, in a home of its own. */
export interface RunningApp {
  readonly url: string;
  readonly home: string;
  readonly host: RunningHost;
  readonly logLines: readonly HostLogLine[];
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
  ): Promise<{
    readonly status: number;
    readonly headers: Headers;
    readonly body: unknown;
  }>;
  stop(): Promise<void>;
}

/** Starts the app; `settings` go above the defaults. A `home` that is given stays when the app stops. */
export async function startApp(
  options: {
    readonly settings?: Readonly<Record<string, string>>;
    readonly home?: string;
  } = {},
): Promise<RunningApp> {
  const home = options.home ?? (await mkdtemp(join(tmpdir(), "nucleus-test-")));
  const issuer = await createLocalIssuer({ home, now: Date.now });
  const port = await findFreePort();
  const logLines: HostLogLine[] = [];
  const host = await startHost({
    scriptRoot: appRoot,
    home,
    port,
    amqpPort: 0,
    queues,
    serviceBusSettings: ["ServiceBusConnection"],
    workerFile: join(appRoot, "dist/host/worker.js"),
    settings: {
      DATA_DIR: home,
      PUBLIC_URL: `http://127.0.0.1:${port}`,
      AUTH_ISSUER: localIssuerUrl,
      AUTH_AUDIENCE: localAudience,
      AUTH_JWKS: JSON.stringify(issuer.jwks()),
      ARTIFACT_ROOT: join(appRoot, "examples/documents"),
      ...options.settings,
    },
    log: (line) => logLines.push(line),
  });

  const token: RunningApp["token"] = ({
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
    url: host.httpUrl,
    home,
    host,
    logLines,
    token,
    async call(method, path, { caller = {}, body, headers = {} } = {}) {
      const response = await fetch(`${host.httpUrl}${path}`, {
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
    async stop() {
      await host.stop();
      if (options.home === undefined)
        await rm(home, { recursive: true, force: true });
    },
  };
}
