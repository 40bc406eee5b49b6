import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { docx, pdf, xlsx, zip } from "./documents.ts";
import { eml, msg } from "./mails.ts";
import { epub, line, odf, pptx, shape } from "./office-documents.ts";
import {
  childModule,
  englishData,
  extract,
  openExtractor,
} from "./open-extractor.ts";
import { drawText, png } from "./pictures.ts";

test("the bundled child reads every kind, on its own in a folder", async () => {
  const folder = await mkdtemp(join(tmpdir(), "extraction-child-"));
  await build({
    entryPoints: [fileURLToPath(childModule)],
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    splitting: true,
    minifySyntax: true,
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    // linkedom asks for it, and does without.
    external: ["canvas"],
    logLevel: "error",
  });
  const extractor = openExtractor({
    childModule: join(folder, "main.mjs"),
    ocr: { languages: ["eng"], folders: [englishData] },
  });
  try {
    const read = async (bytes: Uint8Array | string, name?: string) => {
      const { mediaType, words, code } = await extract(extractor, bytes, name);
      return code ?? `${mediaType} ${words}`;
    };
    const page = await pdf((draw) => draw("Two words", { x: 50, y: 50 }));
    const sheet = '<row><c t="inlineStr"><is><t>word</t></is></c></row>';
    const latin1 = Buffer.from("Gr\u00fc\u00dfe aus K\u00f6ln", "latin1");
    expect(await read("one two")).toBe("text/plain 2");
    expect(await read(latin1)).toBe("text/plain 3");
    expect(await read("a,b\n1,2\n", "a.csv")).toBe("text/csv 4");
    expect(await read('{"a": 1}')).toBe("application/json 2");
    expect(await read("<html><body>One two</body></html>")).toBe("text/html 2");
    expect(await read(page)).toBe("application/pdf 2");
    expect(await read(await docx())).toMatch(/wordprocessingml.document 26$/);
    expect(await read(xlsx({ sheets: { A: sheet } }))).toMatch(/sheet 1$/);
    const slide = shape('type="title"', line("One two"));
    expect(await read(pptx([{ shapes: slide }]))).toMatch(/presentation 2$/);
    expect(await read(odf("odt", "<text:p>One</text:p>"))).toMatch(/text 1$/);
    const table =
      "<table:table><table:table-row><table:table-cell><text:p>word</text:p></table:table-cell></table:table-row></table:table>";
    expect(await read(odf("ods", table))).toMatch(/spreadsheet 1$/);
    expect(await read(epub({ a: "<p>One two</p>" }))).toMatch(/epub.zip 2$/);
    expect(await read("{\\rtf1 One \\'e9t\\'e9}")).toBe("application/rtf 2");
    expect(await read("WEBVTT\n\n00:00.000 --> 00:01.000\nHi\n")).toBe(
      "text/vtt 1",
    );
    const scan = png(drawText("THE LEASE ENDS IN MARCH"));
    expect(await read(scan)).toBe("image/png 5");
    const mail = eml({ plain: "One", attached: [] });
    expect(await read(mail)).toBe("message/rfc822 10");
    expect(await read(msg({ subject: "One two" }))).toMatch(/outlook 2$/);
    expect(await read(zip({ "a.txt": "x" }))).toBe("application/zip 3");
  } finally {
    await extractor.close();
    await rm(folder, { recursive: true });
  }
});
