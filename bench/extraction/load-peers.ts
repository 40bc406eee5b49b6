import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

/** The text that an extractor makes of a file. */
export type Extract = (bytes: Buffer, extension: string) => Promise<string>;
export type WriteOffice = (
  markdown: string,
  extension: string,
) => Promise<Uint8Array | string>;

/** As much of the peers' interfaces as is used. Their types are installed only with them. */
interface OfficeDocument {
  to(format: string): Promise<{ readonly value: Uint8Array | string }>;
}
interface OfficeParserModule {
  readonly OfficeParser: {
    parseOffice(
      bytes: Buffer,
      options?: { readonly fileType?: string },
    ): Promise<OfficeDocument>;
  };
}
interface MarkItDownModule {
  readonly MarkItDown: new () => {
    convertBuffer(
      bytes: Buffer,
      options: { readonly file_extension: string },
    ): Promise<{ readonly markdown: string } | null | undefined>;
  };
}

async function load<T>(name: string): Promise<T> {
  const { resolve } = createRequire(import.meta.url);
  return (await import(pathToFileURL(resolve(name)).href)) as T;
}

export async function loadOfficeWriter(): Promise<WriteOffice> {
  const { OfficeParser } = await load<OfficeParserModule>("officeparser");
  return async (markdown, extension) => {
    const document = await OfficeParser.parseOffice(Buffer.from(markdown), {
      fileType: "md",
    });
    return (await document.to(extension)).value;
  };
}

/** The extractors by name, Nucleus's own first; each is loaded when it is asked for. */
export const extractors: Readonly<Record<string, () => Promise<Extract>>> = {
  async nucleus() {
    const [{ createBudget }, { extractWithParts }] = await Promise.all([
      import("../../shared/extraction/child/budget.ts"),
      import("../../shared/extraction/child/extract-parts.ts"),
    ]);
    return async (bytes, extension) => {
      const texts: Buffer[] = [];
      const limits = {
        unpacked: createBudget(100 << 20),
        text: createBudget(100 << 20),
        openOcr: async () => undefined,
      };
      await extractWithParts(bytes, { extension: `.${extension}` }, limits, {
        text: (piece) => texts.push(piece),
        read: () => texts.push(Buffer.from("\n")),
        part: () => undefined,
        failed: () => undefined,
      });
      return Buffer.concat(texts).toString();
    };
  },
  async officeparser() {
    const { OfficeParser } = await load<OfficeParserModule>("officeparser");
    return async (bytes, extension) => {
      const document = await OfficeParser.parseOffice(bytes, {
        fileType: extension,
      });
      return String((await document.to("md")).value);
    };
  },
  async "markitdown-ts"() {
    const { MarkItDown } = await load<MarkItDownModule>("markitdown-ts");
    const converter = new MarkItDown();
    return async (bytes, extension) => {
      const converted = await converter.convertBuffer(bytes, {
        file_extension: `.${extension}`,
      });
      return converted?.markdown ?? "";
    };
  },
};
