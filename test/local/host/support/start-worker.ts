import { EventEmitter, once } from "node:events";
import { fileURLToPath } from "node:url";
import { createHostLog } from "../../../../local/host/host-log.ts";
import type { HostLogLine } from "../../../../local/host/host-log.ts";
import type { InvocationOutcome } from "../../../../local/host/open-invocations.ts";
import type {
  FunctionMetadata,
  InvocationRequest,
} from "../../../../local/host/worker-messages.ts";
import { createWorkerSupervisor } from "../../../../local/host/worker-supervisor.ts";
import type { WorkerSupervisor } from "../../../../local/host/worker-supervisor.ts";
import { createFixtureApp } from "./fixture-app.ts";
import type { FixtureAppOptions } from "./fixture-app.ts";

const workerFile = fileURLToPath(
  new URL("../../../../local/host/worker.ts", import.meta.url),
);

export interface StartedWorker {
  readonly supervisor: WorkerSupervisor;
  readonly functions: readonly FunctionMetadata[];
  readonly lines: HostLogLine[];
  readonly scriptRoot: string;
  /** Resolves with the next line of that event. */
  readonly logged: (event: string) => Promise<HostLogLine>;
  readonly call: (
    name: string,
    input?: unknown,
    timeoutMs?: number,
    affinity?: string,
  ) => Promise<InvocationOutcome>;
}

/** Forks a worker for a fixture app, or `count` of them, without a host around it. */
export async function startWorker(
  options: FixtureAppOptions,
  cleanups: (() => Promise<void> | void)[],
  prepare?: (scriptRoot: string) => Promise<void>,
  count = 1,
): Promise<StartedWorker> {
  const app = createFixtureApp(options);
  cleanups.push(app.remove);
  await prepare?.(app.scriptRoot);
  const events = new EventEmitter();
  const lines: HostLogLine[] = [];
  const supervisor = createWorkerSupervisor({
    workerFile,
    scriptRoot: app.scriptRoot,
    env: { ...process.env, AzureWebJobsScriptRoot: app.scriptRoot },
    log: createHostLog((line) => {
      lines.push(line);
      events.emit(line.event, line);
    }),
    onChange: () => undefined,
    pingTimeoutMs: 200,
    count,
  });
  cleanups.push(() => supervisor.stop(1000));
  const { functions } = await supervisor.start();
  await supervisor.startOthers();
  return {
    supervisor,
    functions,
    lines,
    scriptRoot: app.scriptRoot,
    logged: async (event) => (await once(events, event))[0] as HostLogLine,
    call: (name, input, timeoutMs = 10_000, affinity) =>
      supervisor.invoke(
        {
          ...toRequest(functions, name, input),
          ...(affinity !== undefined && { affinity }),
        },
        timeoutMs,
      ),
  };
}

function toRequest(
  functions: readonly FunctionMetadata[],
  name: string,
  input: unknown,
): InvocationRequest {
  const bindings = functions.find((found) => found.name === name)?.bindings;
  return {
    invocationId: crypto.randomUUID(),
    functionName: name,
    inputData: [
      {
        name: Object.keys(bindings ?? {})[0] ?? "",
        data: { string: JSON.stringify(input ?? null) },
      },
    ],
    triggerMetadata: {},
    traceContext: { traceParent: "", traceState: "", attributes: {} },
    retryContext: null,
  };
}

/** An activity that answers its input. */
export const echo = `df.app.activity("echo", { handler: (input) => ({ got: input }) });`;
