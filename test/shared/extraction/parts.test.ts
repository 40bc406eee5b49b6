import { deflateRawSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ContentExtractor } from "../../../shared/extraction/extractor.ts";
import { unpackRtf } from "../../../shared/extraction/child/kinds/compressed-rtf.ts";
import {
  docx,
  onePage,
  pdf,
  pdfStream,
  rawPdf,
  zip,
  zipOf,
} from "./documents.ts";
import { eml, msg } from "./mails.ts";
import {
  extract,
  inChunks,
  maxRssBytes,
  mebibyte,
  openExtractor,
  peakOfChildren,
} from "./open-extractor.ts";

let extractor: ContentExtractor;
beforeAll(() => {
  extractor = openExtractor();
});
afterAll(() => extractor.close());

const read = (bytes: Uint8Array | string, name?: string) =>
  extract(extractor, bytes, name);
const markdown = (...lines: readonly string[]): string =>
  `${lines.join("\n")}\n`;
const lease = () =>
  pdf((draw) => draw("The lease ends in March.", { x: 50, y: 50 }));

describe("EML", () => {
  test("who wrote to whom, what is attached and the body are the text; what is attached are parts", async () => {
    const forwarded = eml({
      fields: { Subject: "=?utf-8?q?Alter_Vertrag_=E2=80=93_K=C3=B6ln?=" },
      plain: "The old one ended in May.",
      attached: [{ name: "old.txt", type: "text/plain", bytes: "Signed 1998" }],
    });
    const bytes = eml({
      fields: {
        Subject: "=?utf-8?b?TcOkcnoga2xhcnQ=?=",
        Cc: "Team: c@example.com, Dee <d@example.com>;",
      },
      plain: "Hello Bob,\n\nsee the lease.",
      html: "<p>Hello Bob,</p><p>see the lease.</p>",
      attached: [
        { name: "lease.pdf", type: "application/pdf", bytes: await lease() },
        { type: "message/rfc822", bytes: forwarded },
      ],
    });
    expect(await read(bytes)).toEqual({
      mediaType: "message/rfc822",
      words: 29,
      text: markdown(
        "# März klart",
        "",
        "- From: Ada Lovelace <ada@example.com>",
        "- To: Bob <bob@example.com>",
        "- Cc: Team: c@example.com, Dee <d@example.com>",
        "- Date: 2027-03-01T09:00:00.000Z",
        "",
        "- Part 1: lease.pdf",
        "- Part 2: Alter Vertrag – Köln",
        "",
        "Hello Bob,",
        "",
        "see the lease.",
      ),
      parts: {
        "1": {
          name: "lease.pdf",
          mediaType: "application/pdf",
          text: markdown(
            "<!-- part 1 -->",
            "",
            "<!-- page 1 -->",
            "",
            "The lease ends in March.",
          ),
        },
        "2": {
          name: "Alter Vertrag – Köln",
          mediaType: "message/rfc822",
          text: expect.stringMatching(
            /^<!-- part 2 -->\n\n# Alter Vertrag – Köln\n[^]*\nThe old one ended in May\.\n$/,
          ) as string,
        },
        "2.1": {
          name: "old.txt",
          mediaType: "text/plain",
          text: "<!-- part 2.1 -->\n\nSigned 1998\n",
        },
      },
    });
  });

  test("without a plain body, or with one for form's sake, the HTML is read with its tables", async () => {
    const html =
      "<style>p{}</style><p>These are the costs of the year that has just ended:</p><table><tr><th>Item</th><th>Cost</th></tr><tr><td>Rent</td><td>1,200</td></tr></table>";
    for (const plain of [undefined, "See HTML."]) {
      const { text } = await read(
        eml({ html, ...(plain !== undefined && { plain }) }),
      );
      expect(text).toContain("year that has just ended:\n\n| Item | Cost |");
      expect(text).toContain("| Rent | 1,200 |");
    }
  });

  test("pictures in the body and signatures are no parts", async () => {
    const { parts } = await read(
      eml({
        plain: "Hello",
        attached: [
          { type: "application/pgp-signature", bytes: "x" },
          { name: "a.csv", type: "text/csv", bytes: "a,b\n1,2\n" },
        ],
      }),
    );
    expect(parts).toEqual({
      "1": {
        name: "a.csv",
        mediaType: "text/csv",
        text: "<!-- part 1 -->\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n",
      },
    });
  });

  test("a text that only begins like a mail is a text, unless the source says that it is one", async () => {
    const minutes = "Date: 3 May\nSubject: Budget\n\nWe agreed.";
    expect((await read(minutes)).mediaType).toBe("text/plain");
    expect((await read(minutes, "x.eml")).mediaType).toBe("message/rfc822");
  });

  test("a body that only its recipients can open is encrypted", async () => {
    const bytes = `Message-ID: <1@x>\nFrom: a@x\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nAAAA`;
    expect(await read(bytes)).toEqual({ code: "extraction_encrypted" });
  });
});

describe("MSG", () => {
  test("an Outlook item is read as a mail, with items and files that are attached as its parts", async () => {
    const bytes = msg({
      subject: "Größe",
      sender: ["Ada", "ada@example.com"],
      to: [["Bob", "bob@example.com"]],
      body: "Hello\r\nthere",
      sentAt: new Date("2027-03-01T09:00:00Z"),
      attached: [
        { name: "lease.pdf", bytes: await lease() },
        {
          name: "Inner",
          item: {
            subject: "Inner",
            html: "<p>Deep <b>wörds</b></p>",
            attached: [{ name: "n.txt", bytes: Buffer.from("note text") }],
          },
        },
      ],
    });
    expect(await read(bytes)).toMatchObject({
      mediaType: "application/vnd.ms-outlook",
      text: markdown(
        "# Größe",
        "",
        "- From: Ada <ada@example.com>",
        "- To: Bob <bob@example.com>",
        "- Date: 2027-03-01T09:00:00.000Z",
        "",
        "- Part 1: lease.pdf",
        "- Part 2: Inner",
        "",
        "Hello",
        "there",
      ),
      parts: {
        "1": { name: "lease.pdf", mediaType: "application/pdf" },
        "2": {
          name: "Inner",
          text: "<!-- part 2 -->\n\n# Inner\n\n- Part 1: n.txt\n\nDeep wörds\n",
        },
        "2.1": { text: "<!-- part 2.1 -->\n\nnote text\n" },
      },
    });
  });

  test("a body that is kept as packed rich text is unpacked", async () => {
    // The example of MS-OXRTFCP, 4.1.1.
    const compressedRtf = Buffer.from(
      "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0",
      "hex",
    );
    expect(unpackRtf(compressedRtf).toString()).toBe(
      "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n",
    );
    const { text } = await read(msg({ subject: "Rich", compressedRtf }));
    expect(text).toBe("# Rich\n\nhello world\n");
  });

  test("a damaged item is corrupt", async () => {
    const bytes = msg({ subject: "x", body: "y" }).slice(0, 1500);
    expect((await read(bytes)).code).toMatch(/corrupt|unsupported/);
  });
});

describe("ZIP", () => {
  test("every document is a part, and the archive's own text is their list", async () => {
    const bytes = zip({
      "contracts/lease.pdf": await lease(),
      "notes.md": "# Notes\n\nRent is due.",
      "__MACOSX/notes.md": "x",
      "old/": "",
      "more.zip": zip({ "a.docx": await docx() }),
    });
    expect(await read(bytes)).toMatchObject({
      mediaType: "application/zip",
      text: "- Part 1: contracts/lease.pdf\n- Part 2: notes.md\n- Part 3: more.zip\n",
      parts: {
        "1": { name: "contracts/lease.pdf", mediaType: "application/pdf" },
        "2": { mediaType: "text/markdown" },
        "3": { mediaType: "application/zip" },
        "3.1": { name: "a.docx", mediaType: /wordprocessingml/ },
      },
    });
  });

  test("a part that cannot be read spoils no other", async () => {
    const zeros = Buffer.alloc(200 * mebibyte);
    const entry = (name: string, bytes: Uint8Array, declaredSize?: number) => ({
      name,
      bytes: deflateRawSync(bytes),
      declaredSize: declaredSize ?? bytes.byteLength,
    });
    const bytes = zipOf([
      entry("bomb.txt", zeros),
      entry("liar.txt", Buffer.from("much more than it says"), 4),
      entry("empty.txt", Buffer.alloc(0)),
      entry("program.bin", Buffer.from([0, 1, 2, 0, 0, 3])),
      entry("note.txt", Buffer.from("A good note")),
    ]);
    const { parts = {} } = await read(bytes);
    expect(Object.values(parts).map(({ code, text }) => code ?? text)).toEqual([
      "extraction_too_large",
      "extraction_too_large",
      "extraction_empty",
      "extraction_unsupported",
      "<!-- part 5 -->\n\nA good note\n",
    ]);
  });

  test("an encrypted part is told as such, and the others are read", async () => {
    const bytes = Buffer.from(zip({ "a.txt": "secret", "b.txt": "open" }));
    // The flag of the first entry, in its own header and in the directory.
    for (const signature of ["PK\u0003\u0004", "PK\u0001\u0002"]) {
      const at = bytes.indexOf(signature);
      const flags = at + (signature.endsWith("\u0004") ? 6 : 8);
      bytes[flags] = (bytes[flags] ?? 0) | 1;
    }
    expect((await read(bytes)).parts).toMatchObject({
      "1": { code: "extraction_encrypted" },
      "2": { text: "<!-- part 2 -->\n\nopen\n" },
    });
  });

  test("a name that leads out of the archive is refused with all of it", async () => {
    expect(await read(zip({ "../../etc/x": "a", "b.txt": "b" }))).toEqual({
      code: "extraction_corrupt",
    });
  });
});

describe("bounds", () => {
  test("more parts than two hundred are too many, wherever they lie", async () => {
    const many = zip(
      Object.fromEntries(
        Array.from({ length: 201 }, (_, index) => [`${index}.txt`, "x y"]),
      ),
    );
    expect(await read(many)).toEqual({ code: "extraction_too_large" });
    const { parts } = await read(zip({ "many.zip": many, "b.txt": "fine" }));
    expect(parts).toMatchObject({
      "1": { code: "extraction_too_large" },
      "2": { mediaType: "text/plain" },
    });
  });

  test("archives in archives end at the fifth", async () => {
    let nested = zip({ "a.txt": "deep" });
    for (let level = 0; level < 8; level += 1)
      nested = zip({ "inner.zip": nested });
    const { parts = {} } = await read(nested);
    expect(Object.keys(parts)).toHaveLength(5);
    expect(parts["1.1.1.1.1"]).toMatchObject({ code: "extraction_too_large" });
  });

  test("all parts together inflate to the limit at most", async () => {
    const small = openExtractor({ maxUnpackedBytes: 3 * mebibyte });
    const inner = zip({ "a.txt": "word ".repeat(200_000) });
    const bytes = zip({
      "1.zip": inner,
      "2.zip": inner,
      "3.zip": inner,
      "4.zip": inner,
    });
    const { parts = {} } = await extract(small, bytes);
    await small.close();
    expect(parts["1.1"]?.code).toBeUndefined();
    expect(parts["4.1"]?.code).toBe("extraction_too_large");
  });

  test("a part that takes its reader's memory costs that part alone, and no more memory than a document may", async () => {
    const { result, peakBytes } = await peakOfChildren(async () => {
      const bomb = rawPdf([
        ...onePage,
        pdfStream(Buffer.alloc(400 * mebibyte, "(a) Tj ")),
      ]);
      return read(
        zip({
          "before.txt": "one",
          "bomb.pdf": bomb,
          "inner.zip": zip({ "n.txt": "nested" }),
          "after.txt": "two",
        }),
      );
    });
    expect(result.parts).toMatchObject({
      "1": { text: "<!-- part 1 -->\n\none\n" },
      "2": { code: "extraction_too_large" },
      "3": { mediaType: "application/zip" },
      "3.1": { text: "<!-- part 3.1 -->\n\nnested\n" },
      "4": { text: "<!-- part 4 -->\n\ntwo\n" },
    });
    expect(Object.keys(result.parts ?? {})).toHaveLength(5);
    expect(peakBytes).toBeLessThan(maxRssBytes);
  });

  test("a part that takes its reader's time costs that part alone", async () => {
    const impatient = openExtractor({ timeoutMs: 12_000 });
    const slow = `<html><body>${"<table><tr><td>x".repeat(600_000)}`;
    const { parts } = await extract(
      impatient,
      zip({ "slow.html": slow, "after.txt": "two" }),
    );
    await impatient.close();
    expect(parts).toMatchObject({
      "1": { code: "extraction_timeout" },
      "2": { text: "<!-- part 2 -->\n\ntwo\n" },
    });
  });

  test("what cannot be opened again ends at the part that ended its reader, and says so", async () => {
    const impatient = openExtractor({ timeoutMs: 8_000 });
    const slow = `<html><body>${"<table><tr><td>x".repeat(600_000)}`;
    const { parts = [], incomplete } = await impatient.extract({
      bytes: inChunks(zip({ "slow.html": slow, "after.txt": "two" })),
    });
    await impatient.close();
    expect(parts.map(({ outcome }) => outcome)).toEqual([
      { code: "extraction_timeout" },
    ]);
    expect(incomplete).toBe("extraction_timeout");
  });
});
