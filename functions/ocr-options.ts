import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { OcrOptions } from "../shared/extraction/protocol.ts";
import { type Config, ConfigurationError } from "../shared/kernel/config.ts";

/** English comes with a package. */
const packagedData = "node_modules/@tesseract.js-data/eng/4.0.0_best_int";

/**
 * How the words in pictures are read; undefined where they are not.
 *
 * @throws ConfigurationError for a language without data: nothing is ever fetched
 */
export function toOcrOptions(
  config: Config,
  root: string,
): OcrOptions | undefined {
  if (config.OCR === "off") return undefined;
  const languages = config.OCR_LANGUAGES.split(",");
  const folders = [
    ...(config.OCR_DATA_DIR === "" ? [] : [resolve(root, config.OCR_DATA_DIR)]),
    resolve(root, packagedData),
  ];
  for (const language of languages) {
    const file = `${language}.traineddata.gz`;
    if (!folders.some((folder) => existsSync(join(folder, file))))
      throw new ConfigurationError(
        `Setting OCR_LANGUAGES: there is no ${file}. Put it into the folder that OCR_DATA_DIR names.`,
      );
  }
  return { languages, folders };
}
