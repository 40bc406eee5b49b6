import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { RuntimeInfo } from "../local/host/runtime-file.ts";
import { createLocalIssuer } from "../local/issuer/local-issuer.ts";
import { systemNow } from "../shared/kernel/clock.ts";
import type { CommandIo } from "./command.ts";
import { ExpectedFailure } from "./failures.ts";
import { findAppRoot } from "./find-app-root.ts";
import { pickMissing, toLocalSettings } from "./local-settings.ts";
import { resolveHome } from "./resolve-home.ts";
import { readGivenSettings } from "./start-local-app.ts";

export interface AppSettings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** No Service Bus is named and the app does not run: there is none to be asked. */
  readonly hasOwnServiceBus: boolean;
}

const timeoutMs = 120_000;
/** Stands for the embedded runtime's endpoint while that does not run. */
const absentServiceBus =
  "Endpoint=sb://127.0.0.1;SharedAccessKeyName=none;SharedAccessKey=none";

/** Reads the settings of the user and completes them as `nucleus start` does. */
export async function readAppSettings(io: CommandIo): Promise<AppSettings> {
  const home = resolveHome(io);
  const issuer = await createLocalIssuer({ home, now: systemNow });
  const given = readGivenSettings(io.env);
  const isGiven = (name: string): boolean => (given[name] ?? "") !== "";
  const defaults = pickMissing(
    toLocalSettings({
      home,
      issuer,
      artifactRoot: join(findAppRoot(), "examples/documents"),
      publicUrl: "http://127.0.0.1:7071",
    }),
    given,
  );
  const isElsewhere =
    isGiven("ServiceBusConnection") ||
    isGiven("ServiceBusConnection__fullyQualifiedNamespace");
  const running = isElsewhere ? undefined : await readRunning(home);
  return {
    hasOwnServiceBus: !isElsewhere && running === undefined,
    environment: {
      ...given,
      ...defaults,
      ...(!isElsewhere && {
        ServiceBusConnection: running ?? absentServiceBus,
      }),
    },
  };
}

/** The Service Bus connection of the app that runs in this home; undefined when none does. */
async function readRunning(home: string): Promise<string | undefined> {
  const text = await readFile(join(home, "runtime.json"), "utf8").catch(
    () => undefined,
  );
  if (text === undefined) return undefined;
  const { pid, serviceBusConnectionString } = JSON.parse(text) as RuntimeInfo;
  try {
    process.kill(pid, 0);
    return serviceBusConnectionString;
  } catch {
    return undefined;
  }
}

/**
 * Runs one of the app's own programs in a process of its own, with the app's settings: the command itself holds nothing
 * of the app.
 *
 * @returns the line of JSON with which the program ends
 * @throws ExpectedFailure when it ends without one
 */
export function runAppProgram<T>(
  name: "doctor" | "rotate-keys",
  { environment }: AppSettings,
  args: readonly string[],
): Promise<T> {
  const program = join(findAppRoot(), `dist/app/${name}.js`);
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [program, ...args],
      { env: { ...environment }, timeout: timeoutMs },
      (_error, stdout, stderr) => {
        const last = stdout.trim().split("\n").at(-1) ?? "";
        if (last.startsWith("{")) resolve(JSON.parse(last) as T);
        else
          reject(
            new ExpectedFailure(
              `${name} did not answer: ${stderr.trim().split("\n")[0] ?? ""}`,
            ),
          );
      },
    );
  });
}
