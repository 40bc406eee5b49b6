/**
 * The test kit: a durable app on the real engine, in the process of the test, on virtual time. Import it before the app:
 * `@azure/functions` looks for its host with the first function that is registered.
 */
import "./supply-core.ts";

export type { ChaosEvent, ChaosFault, ChaosPlan } from "./chaos.ts";
export { expectNonDeterminism, expectReplays } from "./expect-replays.ts";
export {
  readRecordings,
  writeRecordings,
  type History,
  type Recording,
} from "./recording.ts";
export { startTestHost } from "./start-test-host.ts";
export { defineTestApp, loadTestApp, type TestApp } from "./test-app.ts";
export type { InstanceStatus, TestClient } from "./test-client.ts";
export type { TestHost, TestHostOptions } from "./test-host.ts";
export { underChaos } from "./under-chaos.ts";
