import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";

/** Every way in which a text may be written down, as the bytes that then lie somewhere. */
export const encodings: Readonly<Record<string, (text: string) => Buffer>> = {
  "raw UTF-8": (text) => Buffer.from(text),
  "UTF-16 LE": (text) => Buffer.from(text, "utf16le"),
  "UTF-16 BE": (text) => Buffer.from(text, "utf16le").swap16(),
  "lower-case hex": (text) => Buffer.from(Buffer.from(text).toString("hex")),
  "upper-case hex": (text) =>
    Buffer.from(Buffer.from(text).toString("hex").toUpperCase()),
  "URL encoding": (text) => Buffer.from(encodeURIComponent(text)),
  "URL encoding in lower-case hex": (text) =>
    Buffer.from(
      encodeURIComponent(text).replace(/%../g, (escape) =>
        escape.toLowerCase(),
      ),
    ),
  "URL encoding of every byte": (text) =>
    Buffer.from(
      Buffer.from(text)
        .toString("hex")
        .replace(/../g, (byte) => `%${byte}`),
    ),
  "form encoding": (text) =>
    Buffer.from(new URLSearchParams({ q: text }).toString()),
  "JSON string": (text) => Buffer.from(JSON.stringify({ q: `"${text}"\n` })),
  "JSON string in a JSON string": (text) =>
    Buffer.from(JSON.stringify({ q: JSON.stringify({ q: `\n${text}` }) })),
  "JSON with \\u escapes": (text) =>
    Buffer.from(
      [...Array(text.length).keys()]
        .map((at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, "0")}`)
        .join(""),
    ),
  gzip: (text) => gzipSync(text),
  deflate: (text) => deflateSync(text),
  "raw deflate": (text) => deflateRawSync(text),
  brotli: (text) => brotliCompressSync(text),
  zstd: (text) => zstdCompressSync(text),
  "base64, first alignment": (text) =>
    Buffer.from(Buffer.from(`${text}.`).toString("base64")),
  "base64, second alignment": (text) =>
    Buffer.from(Buffer.from(`.${text}..`).toString("base64")),
  "base64, third alignment": (text) =>
    Buffer.from(Buffer.from(`..${text}...`).toString("base64")),
  "base64 in lines of 76": (text) =>
    Buffer.from(
      Buffer.from(`${" ".repeat(40)}${text}`)
        .toString("base64")
        .replace(/.{76}/g, "$&\r\n"),
    ),
  "base64url, first alignment": (text) =>
    Buffer.from(Buffer.from(`~~?${text}`).toString("base64url")),
  "base64url, second alignment": (text) =>
    Buffer.from(Buffer.from(`~~~?${text}`).toString("base64url")),
  "base64url, third alignment": (text) =>
    Buffer.from(Buffer.from(`~~~~?${text}`).toString("base64url")),
  "base64 of gzip": (text) => Buffer.from(gzipSync(text).toString("base64")),
  "base64 of brotli": (text) =>
    Buffer.from(brotliCompressSync(`${text} ${text}`).toString("base64")),
  "gzip of base64 in JSON": (text) =>
    gzipSync(JSON.stringify({ q: Buffer.from(text).toString("base64") })),
};
