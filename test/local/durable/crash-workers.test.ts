import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { createRandom } from "../../../local/testing/random.ts";
import { startTestHost } from "../../../local/testing/start-test-host.ts";
import { createFixtureApp } from "../host/support/fixture-app.ts";
import { cjsApp } from "../host/support/start-fixture-host.ts";

const seed = 4;
const kills = 8;
const instances = 30;

const source = cjsApp(`
df.app.activity("square", { handler: (value) => value * value });
df.app.entity("sum", (context) => {
  const sum = context.df.getState(() => 0) ?? 0;
  if (context.df.operationName === "get") context.df.return(sum);
  else context.df.setState(sum + context.df.getInput());
});
df.app.orchestration("rounds", function* (context) {
  const sum = new df.EntityId("sum", context.df.instanceId);
  let total = 0;
  for (let round = 1; round <= 6; round += 1) {
    const squares = yield context.df.Task.all(
      [1, 2, 3].map((value) => context.df.callActivity("square", value * round)),
    );
    for (const square of squares) total += square;
    yield context.df.callEntity(sum, "add", total);
    yield context.df.createTimer(
      new Date(context.df.currentUtcDateTime.getTime() + 100),
    );
  }
  return { total, added: yield context.df.callEntity(sum, "get") };
});
`);

test(`two workers are killed ${kills} times while ${instances} orchestrations run: each ends as if nothing had happened (seed ${seed})`, async () => {
  const fixture = createFixtureApp(source);
  onTestFinished(fixture.remove);
  await using host = await startTestHost({
    scriptRoot: fixture.scriptRoot,
    workerProcesses: 2,
    clock: "system",
  });
  const ids = await Promise.all(
    Array.from({ length: instances }, () => host.client.start("rounds")),
  );
  const random = createRandom(seed);
  let duringWork = 0;
  for (let kill = 0; kill < kills; kill += 1) {
    await sleep(random() * 150);
    // A place may be empty until its next worker is forked.
    while (host.workerPids().length === 0) await sleep(5);
    const pids = host.workerPids();
    const pid = pids[Math.floor(random() * pids.length)];
    if (pid === undefined) continue;
    process.kill(pid, "SIGKILL");
    while (host.workerPids().includes(pid)) await sleep(5);
    if (ids.some((id) => host.client.status(id).runtimeStatus !== "Completed"))
      duringWork += 1;
  }
  // The squares of 1, 2, 3 times those of the rounds; the entity was given what had come together after each round.
  for (const id of ids)
    expect((await host.waitFor(id, { within: "1m" })).output).toEqual({
      total: 14 * 91,
      added: 14 * (1 + 5 + 14 + 30 + 55 + 91),
    });
  expect(duringWork).toBeGreaterThan(kills / 2);
}, 60_000);
