import { expect, test } from "vitest";
import { expectCrashesToChangeNothing } from "./crash-rounds.ts";

const seed = 20_261_122;

test(`50 hosts are killed inside and between their writes while 150 generated orchestrations run: outputs, effects and acknowledgements are those of an undisturbed run (seed ${seed})`, async () => {
  const { crashes, inRunningWork, atStatement, acknowledged } =
    await expectCrashesToChangeNothing({ seed, crashes: 50 });
  expect(crashes).toBe(50);
  expect(inRunningWork).toBeGreaterThan(25);
  expect(atStatement).toBeGreaterThan(10);
  expect(acknowledged).toBeGreaterThanOrEqual(150);
}, 60_000);
