import { expect, test } from "vitest";
import { NucleusError } from "../../../shared/kernel/errors.ts";
import { Tag } from "../../../shared/kernel/metadata.ts";
import {
  locateBlob,
  parseBlobSources,
} from "../../../shared/artifacts/adapters/azure-blob-sources.ts";

test("the setting names tenants and their containers", () => {
  const text =
    "t1=https://One.blob.core.windows.net/reports/, t1=https://one.blob.core.windows.net:443/more,t2=https://two.blob.core.windows.net/$root,";
  expect(parseBlobSources(text)).toEqual([
    {
      tenantId: "t1",
      containerUrl: "https://one.blob.core.windows.net/reports",
    },
    { tenantId: "t1", containerUrl: "https://one.blob.core.windows.net/more" },
    { tenantId: "t2", containerUrl: "https://two.blob.core.windows.net/$root" },
  ]);
  expect(parseBlobSources("")).toEqual([]);
});

test("an emulator's container comes after its account", () => {
  expect(
    parseBlobSources("t1=https://127.0.0.1:10000/account1/reports"),
  ).toEqual([
    {
      tenantId: "t1",
      containerUrl: "https://127.0.0.1:10000/account1/reports",
    },
  ]);
});

test.each([
  "https://a.blob.core.windows.net/reports",
  "t1",
  "t 1=https://a.blob.core.windows.net/reports",
  "=https://a.blob.core.windows.net/reports",
  "t1=http://a.blob.core.windows.net/reports",
  "t1=https://a.blob.core.windows.net",
  "t1=https://a.blob.core.windows.net/reports/folder",
  "t1=https://a.blob.core.windows.net/Reports",
  "t1=https://a.blob.core.windows.net/no",
  "t1=https://a.blob.core.windows.net/a--b",
  "t1=https://a.blob.core.windows.net/reports?sv=1&sig=x",
  "t1=https://a.blob.core.windows.net/reports#x",
  "t1=https://key@a.blob.core.windows.net/reports",
  "t1=https://a.blob.core.windows.net./reports",
  "t1=https://127.0.0.1:10000/reports",
])("%s is refused, by its place and without its text", (entry) => {
  const text = `t0=https://a.blob.core.windows.net/fine,${entry}`;
  expect(() => parseBlobSources(text)).toThrow(RangeError);
  expect(() => parseBlobSources(text)).toThrow(
    /^ARTIFACT_BLOB_SOURCES: entry 2 must be /,
  );
});

const tenant = Tag.parse("t1");
const sources = parseBlobSources(
  "t1=https://one.blob.core.windows.net/reports,t2=https://one.blob.core.windows.net/secrets,t2=https://two.blob.core.windows.net/reports",
);

test.each([
  ["https://one.blob.core.windows.net/reports/a/b.pdf", "a/b.pdf"],
  ["HTTPS://ONE.Blob.Core.Windows.NET:443/reports/a%2Fb.pdf", "a/b.pdf"],
  ["https://one.blob.core.windows.net/secrets/../reports/b.pdf", "b.pdf"],
  ["https://one.blob.core.windows.net/reports/%252e%252e/x", "%2e%2e/x"],
])("%s is a blob of the tenant's", (url, name) => {
  expect(locateBlob(sources, tenant, url)).toEqual({
    source: sources[0],
    name,
  });
});

test.each([
  "https://one.blob.core.windows.net/secrets/x",
  "https://two.blob.core.windows.net/reports/x",
  "https://one.blob.core.windows.net./reports/x",
  "https://one.blob.core.windows.net:8443/reports/x",
  "https://one.blob.core.windows.net@two.blob.core.windows.net/reports/x",
  "https://one.blob.core.windows.net\\@two.blob.core.windows.net/reports/x",
  "https://one.blob.core.windows.net%2f.example.com/reports/x",
  "https://one.blob.core.windows.net.example.com/reports/x",
  "https://one-secondary.blob.core.windows.net/reports/x",
  "https://one.dfs.core.windows.net/reports/x",
  "https://one.blob.core.windows.net/Reports/x",
  "https://one.blob.core.windows.net/reports%2fx",
  "https://one.blob.core.windows.net/reports/../secrets/x",
  "https://one.blob.core.windows.net/reports/.%2e/secrets/x",
  "https://one.blob.core.windows.net/reports/a%2F..%2f..%2fsecrets/x",
  "https://one.blob.core.windows.net/reports/a%5c..%5c..%5csecrets/x",
  "https://one.blob.core.windows.net//reports/x",
  "https://one.blob.core.windows.net/reports/x?snapshot=2026-11-22T04:28:27.0000000Z&snapshot=2026-11-22T04:28:27.0000000Z",
  `https://one.blob.core.windows.net/reports/${"x".repeat(1025)}`,
  "http://one.blob.core.windows.net/reports/x",
  "",
])("%s is refused", (url) => {
  expect(() => locateBlob(sources, tenant, url)).toThrow(
    new NucleusError("artifact_refused"),
  );
});
