import { setTimeout as sleep } from "node:timers/promises";
import { onTestFinished, test } from "vitest";
import { createTempFolder } from "../support/temp-folder.ts";
import { createJobLoad } from "./job-load.ts";
import { expectEachEndedOnce } from "./settled.ts";

/** With less room the document store is full first, with more the task hub, whose failed commit ends the host. */
test.each([160, 512])(
  "no file can grow beyond %i KiB while jobs come in: each ends exactly once when there is room again",
  async (kibibytes) => {
    const load = await createJobLoad(createTempFolder());
    onTestFinished(() => load.close());
    const full = await load.app.start({ maxFileBytes: kibibytes * 1024 });
    await load.prepare();
    const submissions = load.submitAll(12);
    while (!/store_unavailable|"critical"/.test(load.app.output.join("")))
      await sleep(20);
    await full.kill();
    const app = await load.app.start();
    await expectEachEndedOnce(load, app, await submissions);
  },
  180_000,
);
