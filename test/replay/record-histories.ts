import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "prettier";
import { recordedJobs, recordJob, type RecordedJob } from "./recorded-jobs.ts";

/**
 * Records the histories that are not there yet: `node test/replay/record-histories.ts`. With `--all` it records all of
 * them anew, which is right only while no instance of the orchestrators' old version can still be running.
 */
const folder = join(import.meta.dirname, "histories");
const recordsAll = process.argv.includes("--all");

mkdirSync(folder, { recursive: true });
for (const name of Object.keys(recordedJobs) as RecordedJob[]) {
  const file = join(folder, `${name}.json`);
  if (existsSync(file) && !recordsAll) continue;
  const text = JSON.stringify(await recordJob(name));
  writeFileSync(file, await format(text, { parser: "json" }));
}
