import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Marker } from "../../../local/leaks/scanner.ts";
import type { RunOutput } from "../../../local/leaks/sinks.ts";
import { encodings } from "../encodings.ts";

/** One marker per encoding, and the bytes in which that encoding has it. */
const plants = Object.entries(encodings).map(([encoding, encode], index) => {
  const text = `Wann läuft der Vertrag Ω-${index + 100} aus?`;
  return { encoding, text, bytes: encode(text) };
});

export const plantedMarkers: readonly Marker[] = plants.map(
  ({ encoding, text }) => ({ name: encoding, text }),
);

/** Found only where an item begins: they carry no signature. */
const withoutSignature = ["raw deflate", "brotli"];
const isText = (bytes: Buffer): boolean =>
  Buffer.from(bytes.toString()).equals(bytes);
const isFileName = (bytes: Buffer): boolean =>
  isText(bytes) && bytes.length <= 255 && !/[\0/]/.test(bytes.toString());
const databaseSignature = "SQLite format 3\0";

/** Plants each marker in its encoding everywhere: what comes back is a run that leaks in every sink. */
export async function plantEverywhere(run: RunOutput): Promise<RunOutput> {
  for (const folder of [run.home, run.temporary.folder]) {
    await mkdir(join(folder, "planted"));
    for (const { bytes } of plants.filter((plant) => isFileName(plant.bytes)))
      await writeFile(join(folder, "planted", bytes.toString()), "");
    for (const file of await listFiles(folder)) await plantInFile(file);
  }
  const items = plants.map(({ bytes }) => bytes);
  return {
    ...run,
    logLines: items.filter(isText).map((bytes) => bytes.toString()),
    processOutput: items,
    webhooks: items.map((body) => ({ headers: {}, body })),
    messages: items,
    telemetry: items,
  };
}

/** The encodings whose marker the scan must find in the sink of that name. */
export function plantedIn(
  sink: string,
  isDatabase: boolean,
): readonly string[] {
  const fits = (() => {
    if (sink === "log") return ({ bytes }: Plant) => isText(bytes);
    if (sink.endsWith("(names)"))
      return ({ bytes }: Plant) => isFileName(bytes);
    if (sink.includes("/") && !isDatabase)
      return ({ encoding }: Plant) => !withoutSignature.includes(encoding);
    return () => true;
  })();
  return plants.filter(fits).map(({ encoding }) => encoding);
}

type Plant = (typeof plants)[number];

/** SQLite's own: a database that is closed after writing takes them away. */
export function isBesideDatabase(name: string): boolean {
  return /-(?:wal|shm)$/.test(name);
}

export async function isDatabaseFile(file: string): Promise<boolean> {
  const start = (await readFile(file)).subarray(0, databaseSignature.length);
  return start.toString("latin1") === databaseSignature;
}

async function listFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, {
    recursive: true,
    withFileTypes: true,
  });
  return entries
    .filter(
      (entry) =>
        entry.isFile() &&
        !entry.parentPath.endsWith("planted") &&
        !isBesideDatabase(entry.name),
    )
    .map((entry) => join(entry.parentPath, entry.name));
}

/** As a value of its own in a database, and amid other bytes in any other file. */
async function plantInFile(file: string): Promise<void> {
  if (await isDatabaseFile(file)) {
    const database = new DatabaseSync(file);
    database.exec("CREATE TABLE planted (value BLOB)");
    const insert = database.prepare("INSERT INTO planted VALUES (?)");
    for (const { bytes } of plants) insert.run(bytes);
    database.close();
    return;
  }
  const before = Buffer.from(' {"a":"');
  const after = Buffer.from('"} ');
  await writeFile(
    file,
    Buffer.concat(plants.flatMap(({ bytes }) => [before, bytes, after])),
  );
}
