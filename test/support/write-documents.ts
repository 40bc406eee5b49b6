import { createSqliteDocumentStore } from "../../shared/documents/adapters/sqlite.ts";
import { contractKinds, createJob, tag } from "./contract-documents.ts";

/**
 * A process that writes pairs of jobs to the store in its first argument as fast as it can, several batches at a time,
 * and prints the number of each pair once it was answered; until it is killed.
 */
const store = createSqliteDocumentStore({
  file: process.argv[2] ?? "",
  kinds: contractKinds,
});
const partition = { tenantId: tag("t1"), scope: tag("job-1") };

async function writePairs(lane: number): Promise<never> {
  for (let n = lane; ; n += 4) {
    await store.batch(partition, [createJob(`a${n}`), createJob(`b${n}`)]);
    process.stdout.write(`${n}\n`);
  }
}

await Promise.all([0, 1, 2, 3].map(writePairs));
