import { randomBytes } from "node:crypto";
import { join, resolve } from "node:path";
import { HostStartError } from "../../local/host/host-start-error.ts";
import { readLocalHost } from "../../local/host/read-local-settings.ts";
import { readServiceBusConfig } from "../../local/host/read-service-bus-config.ts";
import { startHost } from "../../local/host/start-host.ts";
import type { HostOptions, RunningHost } from "../../local/host/start-host.ts";
import type { Command, CommandIo } from "../command.ts";
import { ExpectedFailure, UsageError } from "../failures.ts";
import { findAppRoot } from "../find-app-root.ts";
import { createLineBuffer } from "../line-buffer.ts";
import { parseArguments, parseWholeNumber } from "../parse-arguments.ts";
import { beginServing } from "../serving.ts";
import { toParsableArguments } from "./host-arguments.ts";
import { toConsoleText, toFunctionsTable } from "./host-console.ts";

const defaultPort = 7071;
const highestPort = 65_535;

/** `nucleus host start`: runs any Node function app folder until SIGTERM or SIGINT, then drains it. */
export const runHost: Command = async ([action, ...args], io) => {
  if (action !== "start")
    throw new UsageError('host has one action: "nucleus host start"');
  const values = parseArguments(toParsableArguments(args), {
    "script-root": { type: "string" },
    port: { type: "string", short: "p" },
    functions: { type: "string", multiple: true },
    cors: { type: "string" },
    "cors-credentials": { type: "boolean" },
    "language-worker": { type: "string" },
    "service-bus-config": { type: "string" },
    verbose: { type: "boolean" },
  });
  const scriptRoot = resolve(io.cwd, values["script-root"] ?? ".");
  const home = resolveAppHome(scriptRoot, io);
  const config = values["service-bus-config"];
  const isVerbose = values.verbose === true;
  const serving = beginServing();
  const lines = createLineBuffer(io.print);
  const host = await start(() => ({
    signal: serving.signal,
    scriptRoot,
    home,
    ...readDoors(scriptRoot, values),
    amqpPort: readPort("NUCLEUS_AMQP_PORT", io.env["NUCLEUS_AMQP_PORT"]) ?? 0,
    settings: toSettings(values),
    ...(config === undefined
      ? { queues: [] }
      : readServiceBusConfig(resolve(io.cwd, config))),
    log(line) {
      const text = toConsoleText(line, isVerbose);
      if (text !== undefined) lines.add(text);
    },
    ...(isVerbose && { onFailure: ({ stack }) => lines.add(stack) }),
    ...builtWorker(),
  }));
  lines.flush();
  io.print(toFunctionsTable(host.functions, host.httpUrl));
  io.print(
    `Keys of function and admin routes: ${join(home, "secrets/host.json")}`,
  );
  if (!isVerbose) io.print("For detailed output, run with the --verbose flag.");
  io.print(toReadyText());
  await serving.endAsked;
  lines.add("Application is shutting down...");
  await host.stop();
  return serving.end();
};

/** The options above section `Host` of local.settings.json. */
function readDoors(
  scriptRoot: string,
  options: {
    readonly port?: string | undefined;
    readonly cors?: string | undefined;
    readonly "cors-credentials"?: boolean | undefined;
  },
): Pick<HostOptions, "port" | "cors"> {
  const section = readLocalHost(scriptRoot);
  return {
    port: readPort("--port", options.port) ?? section.port ?? defaultPort,
    cors: {
      origins: options.cors ?? section.cors ?? "",
      allowsCredentials: options["cors-credentials"] ?? section.corsCredentials,
    },
  };
}

/** Options that are app settings by another name, as in Core Tools. */
function toSettings({
  functions = [],
  "language-worker": workerArguments,
}: {
  readonly functions?: readonly string[] | undefined;
  readonly "language-worker"?: string | undefined;
}): Record<string, string> {
  return {
    ...Object.fromEntries(
      functions.map((name, index) => [
        `AzureFunctionsJobHost__functions__${index}`,
        name,
      ]),
    ),
    ...(workerArguments !== undefined && {
      languageWorkers__node__arguments: workerArguments,
    }),
  };
}

async function start(options: () => HostOptions): Promise<RunningHost> {
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
