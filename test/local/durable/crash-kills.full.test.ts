import { expect, test } from "vitest";
import { expectCrashesToChangeNothing } from "./crash-rounds.ts";

const seed = Date.now() % 1_000_000;

test(`500 hosts are killed while 1500 generated orchestrations run: outputs, effects and acknowledgements are those of an undisturbed run (seed ${seed})`, async () => {
  const { crashes, inRunningWork, atStatement } =
    await expectCrashesToChangeNothing({ seed, crashes: 500 });
  expect(crashes).toBe(500);
  expect(inRunningWork).toBeGreaterThan(250);
  expect(atStatement).toBeGreaterThan(100);
}, 600_000);
