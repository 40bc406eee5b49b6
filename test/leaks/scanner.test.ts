import { createCipheriv, randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { createLeakScanner } from "../../local/leaks/scanner.ts";
import { encodings } from "./encodings.ts";

const marker = { name: "query", text: "Wann läuft der Vertrag Ω-7731 aus?" };
const source = {
  name: "document 1",
  text: "The tenant may terminate the lease, at any time, by giving three months’ written notice to the landlord.",
};
const scanner = createLeakScanner({ markers: [marker], sources: [source] });
const runsOnly = createLeakScanner({ markers: [], sources: [source] });

/** Deterministic bytes without structure, as ciphertext is. */
function ciphertext(length: number, seed = 7): Buffer {
  const cipher = createCipheriv(
    "aes-256-ctr",
    Buffer.alloc(32, seed),
    Buffer.alloc(16),
  );
  return cipher.update(Buffer.alloc(length));
}

const withoutSignature = ["brotli", "raw deflate"];

test.each(Object.entries(encodings))(
  "a marker in %s is found",
  async (name, encode) => {
    const planted = encode(marker.text);
    const bytes = withoutSignature.includes(name)
      ? planted
      : Buffer.concat([
          ciphertext(999),
          Buffer.from(' {"a":"'),
          planted,
          Buffer.from('"} '),
          ciphertext(999),
        ]);
    const findings = await scanner.scan(bytes);
    expect(findings.map((finding) => finding.marker)).toContain("query");
  },
);

test.each(Object.entries(encodings))(
  "eight words of a source in %s are found",
  async (_name, encode) => {
    const findings = await runsOnly.scan(
      encode("lease at any time by giving three months written"),
    );
    expect(findings.map((finding) => finding.marker)).toContain("document 1");
  },
);

test("a finding says where and in which layers, and does not quote", async () => {
  const compressed = gzipSync(`… ${marker.text} …`).toString("base64");
  const findings = await scanner.scan(
    Buffer.from(`{"value": "${compressed}"}`),
  );
  expect(findings).toEqual([
    { marker: "query", encoding: "base64 > gzip", offset: 11 },
  ]);
});

test.each([1, 7, 4096])(
  "a marker that is split across chunks of %i bytes is found at its offset",
  async (size) => {
    const bytes = Buffer.concat([ciphertext(20_000), Buffer.from(marker.text)]);
    const findings = await scanner.scan(toChunks(bytes, size));
    expect(findings).toEqual([
      { marker: "query", encoding: "raw", offset: 20_000 },
    ]);
  },
);

test.each([-40, -20, -1, 0])(
  "a marker %i bytes from the border of a search window is found in every encoding",
  async (distance) => {
    const window = 8 * 1024 * 1024;
    for (const encode of [
      encodings["raw UTF-8"],
      encodings["base64, second alignment"],
      encodings["lower-case hex"],
    ]) {
      const bytes = ciphertext(window + 100_000);
      encode?.(marker.text).copy(bytes, window + distance);
      const findings = await scanner.scan(toChunks(bytes, 1024 * 1024));
      expect(findings.map((finding) => finding.marker)).toEqual(["query"]);
    }
  },
);

test("case, punctuation, line breaks and markup do not hide eight words of a source", async () => {
  const disguised =
    "> **TENANT** may – terminate;\n> the *lease* (at any\ttime), by…";
  const findings = await runsOnly.scan(Buffer.from(disguised));
  expect(findings).toEqual([
    { marker: "document 1", encoding: "words", offset: 0 },
  ]);
});

test("seven consecutive words of a source are not a finding", async () => {
  const findings = await runsOnly.scan(
    Buffer.from("tenant may terminate the lease at any … giving three months"),
  );
  expect(findings).toEqual([]);
});

test("rows of numbers and repeated words are no source's own words", async () => {
  const tables = createLeakScanner({
    markers: [],
    sources: [
      {
        name: "table",
        text: "0 0 0 1 0 0 0 0 1 1 0 no no no no yes no no no no",
      },
    ],
  });
  expect(
    await tables.scan(
      Buffer.from("[0,0,0,1,0,0,0,0,1,1,0] no no no no yes no no no"),
    ),
  ).toEqual([]);
});

test("nothing is found in ciphertext", async () => {
  const short = createLeakScanner({
    markers: [{ name: "file name", text: "a b.md" }, marker],
    sources: [source],
  });
  expect(await short.scan(ciphertext(9_000_000))).toEqual([]);
  expect(await short.scan(randomBytes(1_000_000))).toEqual([]);
});

test("ordinary metadata is no finding", async () => {
  const lines = Array.from({ length: 2000 }, (_, n) =>
    JSON.stringify({
      time: new Date(1_790_000_000_000 + n).toISOString(),
      level: "info",
      event: "artifact retrieved",
      jobId: `0199f3a0-7c11-7c3e-9d5a-${String(n).padStart(12, "0")}`,
      hash: `h1.${randomBytes(32).toString("base64url")}`,
      traceparent: `00-${randomBytes(16).toString("hex")}-${randomBytes(8).toString("hex")}-01`,
      mediaType: "application/pdf",
      sizeBytes: n * 977,
      statusUrl: "http://127.0.0.1:7071/api/v1/jobs/x/status?wait=1&a=b+c%20d",
    }),
  ).join("\n");
  expect(await scanner.scan(Buffer.from(lines))).toEqual([]);
});

test("what inflates beyond the limit is reported, because it cannot be searched", async () => {
  const bomb = gzipSync(Buffer.alloc(65 * 1024 * 1024));
  const findings = await scanner.scan(bomb);
  expect(findings).toContainEqual(
    expect.objectContaining({ marker: "compressed data beyond the limit" }),
  );
});

test("a marker that is too short to be told from chance is refused", () => {
  expect(() =>
    createLeakScanner({ markers: [{ name: "x", text: "a.md" }], sources: [] }),
  ).toThrow(RangeError);
});

async function* toChunks(
  bytes: Buffer,
  size: number,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size)
    yield bytes.subarray(at, at + size);
}

test.each([
  ["three letters with accents", "éàü"],
  ["a script beyond Europe", "契約はいつ終わる"],
])("%s in UTF-16 in base64 or hex is found", async (_name, text) => {
  const short = createLeakScanner({
    markers: [{ name: "short", text }],
    sources: [],
  });
  for (const encoding of ["base64", "hex"] as const) {
    const encoded = Buffer.from(`….${text}.…`, "utf16le").toString(encoding);
    const findings = await short.scan(Buffer.from(`{"id":"${encoded}"}`));
    expect(findings.map((finding) => finding.marker)).toContain("short");
  }
});
