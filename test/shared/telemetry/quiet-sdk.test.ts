import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { readdirSync } from "node:fs";
import type { ClientRequest } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { egressObservers } from "../../../shared/egress/egress-observers.ts";
import { trustedCertificate } from "../../azure/certificate.ts";
import { createTempFolder } from "../../support/temp-folder.ts";
import { doStep, openTelemetry } from "./open-telemetry.ts";

// In a file of its own: what the SDK begins to do in the background, it begins once per process.

/** Hosts that this process asks over HTTP from now on. */
function watchHosts(): ReadonlySet<unknown> {
  const hosts = new Set<unknown>();
  const onRequest = (event: unknown): void => {
    hosts.add((event as { request: ClientRequest }).request.getHeader("host"));
  };
  subscribe("http.client.request.start", onRequest);
  onTestFinished(() => {
    unsubscribe("http.client.request.start", onRequest);
  });
  return hosts;
}

/** The SDK waits between its attempts; here those waits take no time. */
async function passTimeUntil(done: Promise<void>): Promise<void> {
  const ended = new AbortController();
  const waiting = done.finally(() => ended.abort());
  while (!ended.signal.aborted) {
    await vi.advanceTimersByTimeAsync(1000);
    await nextTurn();
  }
  await waiting;
}

function countListeners() {
  return process
    .eventNames()
    .map((name) => [name, process.listenerCount(name)]);
}

test("the SDK contacts its endpoint only, writes no file and watches nothing, also through an outage", async () => {
  await trustedCertificate();
  const hosts = watchHosts();
  const folder = createTempFolder();
  vi.stubEnv("TMPDIR", folder);
  vi.useFakeTimers({ toFake: ["setTimeout", "setInterval"] });
  onTestFinished(() => {
    vi.unstubAllEnvs();
    vi.useRealTimers();
  });
  const environment = { ...process.env };
  const listeners = countListeners();

  const { telemetry, ingestion } = await openTelemetry();
  ingestion.refuse({ status: 500 });
  await doStep(telemetry);
  await passTimeUntil(telemetry.flush());
  ingestion.refuse(undefined);
  for (let minutes = 0; minutes < 30; minutes += 1) {
    await vi.advanceTimersByTimeAsync(60_000);
    await nextTurn();
  }
  vi.useRealTimers();

  expect([...hosts]).toEqual([new URL(ingestion.origin).host]);
  expect(readdirSync(folder)).toEqual([]);
  expect(egressObservers()).toEqual([]);
  expect(process.env).toEqual(environment);
  expect(countListeners()).toEqual(listeners);
});
