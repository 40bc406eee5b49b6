import { createWorkerPort } from "../host/create-worker-port.ts";
import { catalogFunctions } from "../host/function-catalogue.ts";
import { createInvoker } from "../host/invoker.ts";
import type { WorkerPort } from "../worker-port.ts";
import type { TestApp } from "./test-app.ts";

/** What the durable engine needs of an app, without a host around it; `now` as `TestApp.invoke` takes it. */
export function createTestWorkerPort(
  app: TestApp,
  now?: () => number,
): WorkerPort {
  const functions = new Map(
    catalogFunctions(app.functions, {}).map((called) => [called.name, called]),
  );
  const invoker = createInvoker({
    run: (request) => app.invoke(request, now),
    functionTimeoutMs: Infinity,
    clientBinding: "{}",
    log: () => undefined,
    outputs: { send: () => Promise.resolve(), close: () => Promise.resolve() },
    onFailure: () => undefined,
  });
  return createWorkerPort(invoker, functions, "-1");
}
