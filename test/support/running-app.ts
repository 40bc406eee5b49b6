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
import { queues } from "../../shared/messages/queues.ts";
import { type ApiClient, createApiClient } from "./api-client.ts";

export type { Caller } from "./api-client.ts";

const appRoot = resolve(import.meta.dirname, "../..");

/** The whole built app on the embedded runtime, in a home of its own. */
export interface RunningApp extends ApiClient {
  readonly url: string;
  readonly home: string;
  readonly host: RunningHost;
  readonly logLines: readonly HostLogLine[];
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

  return {
    url: host.httpUrl,
    home,
    host,
    logLines,
    ...createApiClient(host.httpUrl, issuer),
    async stop() {
      await host.stop();
      if (options.home === undefined)
        await rm(home, { recursive: true, force: true });
    },
  };
}
