import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { HostStartError } from "../../local/host/host-start-error.ts";
import { readLocalHttpPort } from "../../local/host/read-local-settings.ts";
import { readServiceBusConfig } from "../../local/host/read-service-bus-config.ts";
import { startHost } from "../../local/host/start-host.ts";
import type { RunningHost } from "../../local/host/start-host.ts";
import type { Command, CommandIo } from "../command.ts";
import { ExpectedFailure, UsageError } from "../failures.ts";
import { findAppRoot } from "../find-app-root.ts";
import { parseArguments, parseWholeNumber } from "../parse-arguments.ts";
import { toConsoleText, toFunctionsTable } from "./host-console.ts";

const defaultPort = 7071;
const highestPort = 65_535;

/** `nucleus host start`: runs any Node function app folder until SIGTERM or SIGINT, then drains it. */
export const runHost: Command = async ([action, ...args], io) => {
  if (action !== "start")
    throw new UsageError('host has one action: "nucleus host start"');
  const values = parseArguments(args, {
    "script-root": { type: "string" },
    port: { type: "string" },
    "service-bus-config": { type: "string" },
    verbose: { type: "boolean" },
  });
  const scriptRoot = resolve(io.cwd, values["script-root"] ?? ".");
  const home = resolveAppHome(scriptRoot, io);
  const config = values["service-bus-config"];
  const isVerbose = values.verbose === true;
  const stopAsked = waitForSignal();
  const host = await start(() => ({
    scriptRoot,
    home,
    port:
      readPort("--port", values.port) ??
      readLocalHttpPort(scriptRoot) ??
      defaultPort,
    amqpPort: readPort("NUCLEUS_AMQP_PORT", io.env["NUCLEUS_AMQP_PORT"]) ?? 0,
    settings: {},
    ...(config === undefined
      ? { queues: [] }
      : readServiceBusConfig(resolve(io.cwd, config))),
    log(line) {
      const text = toConsoleText(line, isVerbose);
      if (text !== undefined) io.print(text);
    },
    ...(isVerbose && { onFailure: ({ stack }) => io.print(stack) }),
    ...builtWorker(),
  }));
  io.print(toFunctionsTable(host.functions, host.httpUrl));
  io.print(
    `Keys of function and admin routes: ${join(home, "secrets/host.json")}`,
  );
  if (!isVerbose) io.print("For detailed output, run with the --verbose flag.");
  io.print(toReadyText());
  await stopAsked;
  io.print("Application is shutting down...");
  await host.stop();
  return 0;
};

async function start(
  options: () => Parameters<typeof startHost>[0],
): Promise<RunningHost> {
  try {
    return await startHost(options());
  } catch (error) {
    if (error instanceof HostStartError)
      throw new ExpectedFailure(error.message);
    throw error;
  }
}

/** What tools that start Core Tools wait for. */
function toReadyText(): string {
  const instanceId = randomBytes(16).toString("hex").toUpperCase();
  return `[${new Date().toISOString()}] Host lock lease acquired by instance ID '${instanceId}'.`;
}

/** Each app folder has its own state, unless NUCLEUS_HOME says where. */
function resolveAppHome(scriptRoot: string, { env, cwd }: CommandIo): string {
  const home = env["NUCLEUS_HOME"];
  return home === undefined || home === ""
    ? join(scriptRoot, ".nucleus")
    : resolve(cwd, home);
}

function readPort(
  option: string,
  text: string | undefined,
): number | undefined {
  return text === undefined || text === ""
    ? undefined
    : parseWholeNumber(option, text, [0, highestPort]);
}

/** From its source the host finds its worker beside itself; the bundle's lies in a folder of its own. */
function builtWorker(): { readonly workerFile?: string } {
  return import.meta.filename.endsWith(".ts")
    ? {}
    : { workerFile: join(findAppRoot(), "dist/host/worker.js") };
}

async function waitForSignal(): Promise<void> {
  await Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
}
