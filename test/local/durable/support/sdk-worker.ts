import "../../../../local/testing/supply-core.ts";
import {
  defineTestApp,
  type TestApp,
} from "../../../../local/testing/test-app.ts";
import { createTestWorkerPort } from "../../../../local/testing/test-worker-port.ts";
import {
  catalogFunctions,
  sortFunctions,
  type SortedFunctions,
} from "../../../../local/host/function-catalogue.ts";
import type { WorkerPort } from "../../../../local/worker-port.ts";
import * as df from "durable-functions";

export { df };

/** An app of the real SDK, as the engine alone sees it. */
export interface SdkApp {
  readonly app: TestApp;
  readonly worker: WorkerPort;
  readonly functions: SortedFunctions;
}

/** Loads an app: `register` calls `df.app.*`. */
export function createSdkApp(register: () => void): SdkApp {
  const app = defineTestApp(register);
  return {
    app,
    worker: createTestWorkerPort(app),
    functions: sortFunctions(catalogFunctions(app.functions, {}), {}),
  };
}
