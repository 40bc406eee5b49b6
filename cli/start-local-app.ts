import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import type { HostLogLine } from "../local/host/host-log.ts";
import { HostStartError } from "../local/host/host-start-error.ts";
import { readLocalSettings } from "../local/host/read-local-settings.ts";
import { startHost, type RunningHost } from "../local/host/start-host.ts";
import { queues } from "../shared/messages/queues.ts";
import { ExpectedFailure } from "./failures.ts";
import { findAppRoot } from "./find-app-root.ts";

export interface LocalAppOptions {
  readonly home: string;
  /** HTTP port; 0 for any free one. */
  readonly port: number;
  /** AMQP port; 0 for any free one. */
  readonly amqpPort: number;
  /** App settings, above the environment and local.settings.json. */
  readonly settings: Readonly<Record<string, string>>;
  readonly log: (line: HostLogLine) => void;
  /** Ends a start that is under way. */
  readonly signal?: AbortSignal;
}

/**
 * Starts the built app on the embedded runtime.
 *
 * @throws ExpectedFailure with the host's one line when it cannot start.
 */
export async function startLocalApp(
  options: LocalAppOptions,
): Promise<RunningHost> {
  const scriptRoot = findAppRoot();
  return await startHost({
    ...options,
    scriptRoot,
    queues,
    serviceBusSettings: ["ServiceBusConnection"],
    workerFile: join(scriptRoot, "dist/host/worker.js"),
  }).catch(refuse);
}

/** The settings that the user gave: the environment, and the `Values` of local.settings.json. */
export function readGivenSettings(
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  try {
    return { ...readLocalSettings(findAppRoot()), ...env };
  } catch (error) {
    return refuse(error);
  }
}

/** A port of 127.0.0.1 that is free now; the app must know its own address before it listens. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

function refuse(error: unknown): never {
  if (error instanceof HostStartError) throw new ExpectedFailure(error.message);
  throw error;
}
