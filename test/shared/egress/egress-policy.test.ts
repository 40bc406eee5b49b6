import { expect, test } from "vitest";
import {
  createEgressPolicy,
  parseEgressAllow,
} from "../../../shared/egress/egress-policy.ts";

test("EGRESS_ALLOW is read in the form in which URLs name hosts", () => {
  expect(
    parseEgressAllow(" LOCALHOST:8080, 127.1:80,[0:0::1]:443 ,bücher.test:1,"),
  ).toEqual([
    "localhost:8080",
    "127.0.0.1:80",
    "[::1]:443",
    "xn--bcher-kva.test:1",
  ]);
  expect(parseEgressAllow("")).toEqual([]);
});

test.each([
  "host",
  "host:",
  "host:0",
  "host:65536",
  "host:80/path",
  "http://host:80",
  "user@host:80",
  "::1:80",
  "[host]:80",
  "a b:80",
  ":80",
  "*:80",
])("%j is no exception, and the error does not repeat it", (entry) => {
  expect(() => parseEgressAllow(`ok:1,${entry}`)).toThrow(
    new RangeError("entry 2 is not host:port"),
  );
});

test.each([
  ["https://example.com/", true],
  ["https://example.com:8443/", true],
  ["https://example.com:22/", false],
  ["http://example.com/", false],
  ["https://8.8.8.8/", true],
  ["https://[2606:4700::1111]/", true],
  ["http://localhost:8080/", true],
  ["https://localhost:8080/", true],
  ["ws://localhost:8080/", false],
  ["http://user@localhost:8080/", false],
  ["http://localhost:8081/", false],
  ["http://[::1]:80/", true],
  ["http://[::1]/", true],
  ["https://[::1]/", false],
])("%s is admitted: %j", (url, expected) => {
  const policy = createEgressPolicy(
    parseEgressAllow("localhost:8080,[::1]:80"),
  );
  expect(policy.admits(new URL(url))).toBe(expected);
});
