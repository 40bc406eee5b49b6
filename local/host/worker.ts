/**
 * The worker process: loads the app and serves its invocations over node IPC, as Azure's Node language worker does over
 * gRPC. It belongs to the host that forked it and ends with it.
 *
 * W1. The host's end of the channel closes when the host ends, however it ends; the worker then exits at once.
 * W2. SIGINT and SIGTERM reach the whole process group; only the host decides when the worker ends.
 */
import type { LogLevel } from "./host-log.ts";
import { createMessageBatch } from "./message-batch.ts";
import type {
  HostToWorker,
  InvocationRequest,
  WorkerToHost,
} from "./worker-messages.ts";
import { supplyCoreApi } from "./worker/core-api.ts";
import { invokeFunction } from "./worker/invoke-function.ts";
import { loadApp } from "./worker/load-app.ts";
import type { StartedApp } from "./worker/load-app.ts";
import { createOrchestratorSessions } from "./worker/orchestrator-sessions.ts";
import { createPaceResponse } from "./worker/pace-response.ts";
import { supplyRpcAxios } from "./worker/rpc-axios.ts";
import { createRpcChannel } from "./worker/rpc-channel.ts";
import { toInvocationError } from "./worker/to-invocation-error.ts";

const terminateHookMs = 3000;

const write = (messages: readonly WorkerToHost[], sent?: () => void): void => {
  if (process.connected)
    process.send?.(messages, undefined, {}, () => sent?.());
  else sent?.();
};

/**
 * Results and the durable client's requests go together; all else goes at once, behind them: what is said before a loop
 * that never ends is heard.
 */
const batch = createMessageBatch<WorkerToHost>(write);
const send = (message: WorkerToHost, sent?: () => void): void => {
  batch.flush();
  write([message], sent);
};

process.on("exit", batch.flush);
process.on("disconnect", () => process.exit(0));
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);
process.on("uncaughtException", (thrown) => {
  const { name, code } = toInvocationError(thrown);
  send(
    {
      type: "crash",
      errorName: name,
      ...(code === undefined ? {} : { errorCode: code }),
    },
    () => process.exit(1),
  );
});

const core = supplyCoreApi((level, category, message) =>
  send({ type: "log", level, category, message }),
);

const rpc = createRpcChannel(batch.add);
supplyRpcAxios(rpc);

const logInvocation = (
  level: LogLevel,
  category: string,
  message: string,
  request: InvocationRequest,
): void =>
  send({
    type: "log",
    level,
    category,
    message,
    functionName: request.functionName,
    invocationId: request.invocationId,
  });

async function terminate(): Promise<never> {
  // A hook that never ends must not keep the process.
  setTimeout(() => process.exit(0), terminateHookMs);
  try {
    await core.hooks.run("appTerminate", {
      hookData: core.hooks.appLevelData,
      appHookData: core.hooks.appData,
    });
  } catch (thrown) {
    send({
      type: "log",
      level: "warning",
      category: "system",
      message: `An appTerminate hook failed (${toInvocationError(thrown).name}).`,
    });
  }
  process.exit(0);
}

function serve({ model, httpPort }: StartedApp): void {
  const deps = {
    core,
    model,
    log: logInvocation,
    sessions: createOrchestratorSessions(),
    now: Date.now,
    // Only what is streamed goes through a connection that can be slow.
    ...(httpPort !== undefined && { paceResponse: createPaceResponse() }),
  };
  const settle = ({
    requestId,
    answer,
  }: Extract<HostToWorker, { type: "answer" }>): void =>
    rpc.settle(requestId, answer);
  const receive = (message: HostToWorker): void => {
    switch (message.type) {
      case "invoke":
        void invokeFunction(deps, message.request).then((result) =>
          batch.add({
            type: "result",
            invocationId: message.request.invocationId,
            result,
          }),
        );
        break;
      case "answer":
        // What came along with it goes first: the host waits for that, and this is mostly followed by a request.
        setImmediate(settle, message);
        break;
      case "rpc-open":
        rpc.open(message.baseUrl);
        break;
      case "settings":
        Object.assign(process.env, message.values);
        break;
      case "ping":
        send({ type: "pong" });
        break;
      case "terminate":
        void terminate();
        break;
      default:
        message satisfies never;
    }
  };
  process.on("message", (messages: readonly HostToWorker[]) => {
    for (const message of messages) receive(message);
  });
}

try {
  const app = await loadApp(process.env["AzureWebJobsScriptRoot"] ?? ".", core);
  serve(app);
  // The metadata crosses as JSON: bindings may hold functions or class instances, which only this process needs.
  const functions = [...core.functions.values()].map(
    ({ metadata }) => metadata,
  );
  send({
    type: "ready",
    functions: JSON.parse(JSON.stringify(functions)) as typeof functions,
    ...(app.httpPort !== undefined && { httpPort: app.httpPort }),
  });
} catch (thrown) {
  send({ type: "failed", message: toInvocationError(thrown).message }, () =>
    process.exit(1),
  );
}
