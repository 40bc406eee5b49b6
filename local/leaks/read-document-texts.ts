import { createReadStream } from "node:fs";
import { join } from "node:path";
import { createChildProcessExtractor } from "../../shared/extraction/adapters/child-process.ts";
import { Content } from "../../shared/kernel/content.ts";
import { NucleusError } from "../../shared/kernel/errors.ts";
import type { SourceText } from "./word-runs.ts";

export interface DocumentTextOptions {
  readonly folder: string;
  readonly fileNames: readonly string[];
  /** The bundled extraction child. */
  readonly childModule: string;
}

const mebibyte = 1024 * 1024;

/** The words of documents, of which the scanner must find none. A document that cannot be read has none. */
export async function readDocumentTexts(
  options: DocumentTextOptions,
): Promise<readonly SourceText[]> {
  const extractor = createChildProcessExtractor({
    childModule: options.childModule,
    timeoutMs: 120_000,
    maxInputBytes: 50 * mebibyte,
    maxUnpackedBytes: 100 * mebibyte,
    maxRssBytes: 400 * mebibyte,
    maxChildren: 1,
  });
  const texts: SourceText[] = [];
  try {
    for (const [index, fileName] of options.fileNames.entries()) {
      const text = await extractor
        .extract({
          bytes: createReadStream(join(options.folder, fileName)),
          fileName: Content.fromText(fileName),
        })
        .then(({ text, parts = [] }) =>
          [
            text,
            ...parts.flatMap(({ outcome }) =>
              "text" in outcome ? outcome.text : [],
            ),
          ]
            .map((each) => each.revealText())
            .join("\n\n"),
        )
        .catch((error: unknown) => {
          if (error instanceof NucleusError) return "";
          throw error;
        });
      texts.push({ name: `document ${index + 1}`, text });
    }
  } finally {
    await extractor.close();
  }
  return texts;
}
