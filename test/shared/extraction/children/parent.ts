/** A process that reads documents without end: it is killed to see what becomes of its child. */
import { childPids, inChunks, openExtractor } from "../open-extractor.ts";

const extractor = openExtractor();
const rows = "some,words,in,a,long,table\n".repeat(200_000);
const read = () =>
  extractor.extract({ bytes: inChunks(rows), declaredMediaType: "text/csv" });

await read();
const [pid] = await childPids();
process.send?.(pid);
for (;;) await read();
