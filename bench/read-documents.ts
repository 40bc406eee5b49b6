import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createChildProcessExtractor } from "../shared/extraction/adapters/child-process.ts";
import { Content } from "../shared/kernel/content.ts";
import type { PersonaDocument } from "../shared/personas/persona-model.ts";

/** A document of the corpus, with its file name. */
export interface CorpusDocument {
  readonly name: string;
  readonly document: PersonaDocument;
}

/** The example documents and those of `bench/corpus`, as one request with 20 artifacts. */
export async function readCorpus(): Promise<CorpusDocument[]> {
  const folders = ["../examples/documents", "corpus"].map((folder) =>
    join(import.meta.dirname, folder),
  );
  const documents: CorpusDocument[] = [];
  for (const folder of folders) {
    const names = (await readdir(folder)).toSorted();
    const read = await readDocuments(folder, documents.length);
    for (const [index, document] of read.entries())
      documents.push({ name: names[index] ?? "", document });
  }
  return documents;
}

/** Extracts the files of `folder`, in file-name order, as the app does. */
export async function readDocuments(
  folder: string,
  firstIndex = 0,
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
    for (const [position, name] of names.entries()) {
      const { text } = await extractor.extract({
        bytes: createReadStream(join(folder, name)),
        fileName: Content.fromText(name),
      });
      documents.push({ artifactIndex: firstIndex + position, text });
    }
    return documents;
  } finally {
    await extractor.close();
  }
}
