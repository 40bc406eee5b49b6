import { EventEmitter, once } from "node:events";
import type { HostLogLine } from "../../../../local/host/host-log.ts";
import { startHost } from "../../../../local/host/start-host.ts";
import type {
  HostOptions,
  RunningHost,
} from "../../../../local/host/start-host.ts";
import { createFixtureApp } from "./fixture-app.ts";
import type { FixtureApp, FixtureAppOptions } from "./fixture-app.ts";

export interface FixtureHost extends RunningHost {
  readonly app: FixtureApp;
  readonly lines: HostLogLine[];
  /** Resolves with the next line of that event. */
  logged(event: string): Promise<HostLogLine>;
}

/** Starts a host for a fixture app on free ports; `cleanups` gets what stops and removes it. */
export async function startFixtureHost(
  source: string | FixtureAppOptions,
  cleanups: (() => Promise<void> | void)[],
  options: Partial<HostOptions> = {},
): Promise<FixtureHost> {
  const app = createFixtureApp(
    typeof source === "string" ? cjsApp(source) : source,
  );
  cleanups.push(app.remove);
  return startHostOf(app, cleanups, options);
}

/**
 * The same on an app that is there already (a second start on its home). It has one worker unless the settings say
 * otherwise, so that a fixture may keep in a global what its functions tell one another.
 */
export async function startHostOf(
  app: FixtureApp,
  cleanups: (() => Promise<void> | void)[],
  options: Partial<HostOptions> = {},
): Promise<FixtureHost> {
  const events = new EventEmitter();
  const lines: HostLogLine[] = [];
  const host = await startHost({
    scriptRoot: app.scriptRoot,
    home: app.home,
    port: 0,
    amqpPort: 0,
    queues: [],
    log: (line) => {
      lines.push(line);
      events.emit(line.event, line);
    },
    ...options,
    settings: { FUNCTIONS_WORKER_PROCESS_COUNT: "1", ...options.settings },
  });
  cleanups.push(() => host.stop());
  return Object.assign(Object.create(host) as RunningHost, {
    app,
    lines,
    logged: async (event: string) =>
      (await once(events, event))[0] as HostLogLine,
  });
}

/** A CommonJS app with both libraries at hand. */
export function cjsApp(body: string, hostJson?: object): FixtureAppOptions {
  return {
    hostJson,
    files: {
      "app.cjs": `const { app } = require("@azure/functions");
const df = require("durable-functions");
${body}`,
    },
  };
}

/** Runs the cleanups, the last first. */
export async function runCleanups(
  cleanups: (() => Promise<void> | void)[],
): Promise<void> {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
}
