import type { OcrOptions } from "../protocol.ts";
import type { Ocr } from "./ocr.ts";

/** The one that this process has, started when the first picture comes; undefined where pictures are not read. */
export type OpenOcr = () => Promise<Ocr | undefined>;

export function createOpenOcr(options: OcrOptions | undefined): OpenOcr {
  let opened: Promise<Ocr> | undefined;
  return async () => {
    if (options === undefined) return undefined;
    opened ??= import("./ocr.ts").then(({ createOcr }) => createOcr(options));
    return opened;
  };
}
