import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../durable/clock.ts";
import type { HostLog } from "../host/host-log.ts";
import type { HostJson } from "../host/read-host-json.ts";
import { wireApp, type WiredApp } from "../host/wire-app.ts";
import type { WireAppOptions } from "../host/wire-app.ts";
import type { LoadedApp } from "../host/worker-messages.ts";
import type { Chaos } from "./chaos.ts";
import { createChaoticClock } from "./chaotic-clock.ts";
import { createMortalLoop, type MortalLoop } from "./mortal-loop.ts";
import type { TestFoundation } from "./open-test-foundation.ts";
import { createRunFunctions, type RunningFunctions } from "./run-functions.ts";

/** A host from its start to its death: everything that a killed process would take with it. */
export interface HostLife {
  readonly wired: WiredApp;
  readonly functions: RunningFunctions;
  readonly loop: MortalLoop;
  /** Effects of commits that a slow disk holds back. */
  waitingEffects(): number;
  /** As `kill -9`: what is not committed is lost. Resolves when its triggers are gone. */
  die(): Promise<void>;
}

export interface HostLifeOptions {
  readonly foundation: TestFoundation;
  readonly loaded: LoadedApp;
  readonly hostJson: HostJson;
  readonly entities: WireAppOptions["entities"];
  readonly clock: Clock;
  readonly chaos: Chaos;
  readonly checksReplay: boolean;
  readonly log: HostLog;
  readonly onFailure: WireAppOptions["onFailure"];
  readonly onDifference: (functionName: string) => void;
  /** It died at a commit, as chaos said. */
  readonly onDeath: () => void;
}

export const systemKey = "test-host-system-key";

/** Starts a host on what its predecessor left in the database. */
export function startHostLife(options: HostLifeOptions): HostLife {
  const { foundation, chaos, loaded } = options;
  const clock = createChaoticClock(options.clock, chaos);
  const orchestrators = namesOf(loaded, "orchestrationTrigger");
  const queued = namesOf(loaded, "serviceBusTrigger");
  const http = namesOf(loaded, "httpTrigger");
  const functions = createRunFunctions({
    run: foundation.supervisor.invoke,
    chaos,
    clock,
    callerOf: (name) =>
      queued.has(name) ? "messages" : http.has(name) ? "http" : "others",
    isReplayed: (name) => options.checksReplay && orchestrators.has(name),
    onDifference: options.onDifference,
  });
  const { loop, waitingEffects } = openLoop(options, foundation.database);
  const wired = wireApp({
    ...options,
    foundation: {
      ...foundation,
      hub: {
        database: foundation.database,
        loop,
        close: () => Promise.resolve(),
      },
      supervisor: { ...foundation.supervisor, invoke: functions.run },
    },
    home: foundation.home,
    systemKey,
    cors: { origins: "", allowsCredentials: false },
    clock,
  });
  const die = async (): Promise<void> => {
    clock.die();
    loop.die();
    wired.engine.close();
    functions.die();
    await Promise.all(wired.triggers.map((trigger) => trigger.stop()));
    await wired.outputs.close();
  };
  let died: Promise<void> | undefined;
  wired.engine.start();
  foundation.open(wired.serve, wired.management);
  for (const trigger of wired.triggers) trigger.start();
  return {
    wired,
    functions,
    loop,
    waitingEffects,
    die: () => (died ??= die()),
  };
}

function openLoop(
  { clock, chaos, onDeath }: HostLifeOptions,
  database: DatabaseSync,
): Pick<HostLife, "loop" | "waitingEffects"> {
  let waiting = 0;
  const loop = createMortalLoop({
    database,
    nextDeath: chaos.nextCommit,
    onDeath,
    release(effect) {
      if (chaos.commitLatencyMs === 0) {
        effect();
        return;
      }
      waiting += 1;
      clock.setTimer(clock.now() + chaos.commitLatencyMs, () => {
        waiting -= 1;
        effect();
      });
    },
  });
  return { loop, waitingEffects: () => waiting };
}

function namesOf({ functions }: LoadedApp, type: string): ReadonlySet<string> {
  const found = functions.filter(({ bindings }) =>
    Object.values(bindings).some((binding) => binding.type === type),
  );
  return new Set(found.map(({ name }) => name));
}
