import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createChildProcessExtractor } from "../shared/extraction/adapters/child-process.ts";
import { Content } from "../shared/kernel/content.ts";
import type { PersonaDocument } from "../shared/personas/persona-model.ts";

/** Extracts the files of `folder`, in file-name order, as the app does. */
export async function readDocuments(
  folder: string,
): Promise<PersonaDocument[]> {
  const extractor = createChildProcessExtractor({
    childModule: new URL("../shared/extraction/child/main.ts", import.meta.url),
    timeoutMs: 60_000,
    maxInputBytes: 50 * 2 ** 20,
    maxUnpackedBytes: 100 * 2 ** 20,
    maxRssBytes: 400 * 2 ** 20,
    maxChildren: 1,
  });
  try {
    const documents: PersonaDocument[] = [];
    const names = (await readdir(folder)).toSorted();
    for (const [artifactIndex, name] of names.entries()) {
      const { text } = await extractor.extract({
        bytes: createReadStream(join(folder, name)),
        fileName: Content.fromText(name),
      });
      documents.push({ artifactIndex, text });
    }
    return documents;
  } finally {
    await extractor.close();
  }
}
