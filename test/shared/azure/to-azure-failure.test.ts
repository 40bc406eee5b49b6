import {
  AggregateAuthenticationError,
  AuthenticationError,
  AuthenticationRequiredError,
  CredentialUnavailableError,
} from "@azure/identity";
import { describe, expect, it } from "vitest";
import {
  statusOf,
  toAzureFailure,
} from "../../../shared/azure/to-azure-failure.ts";
import { NucleusError } from "../../../shared/kernel/errors.ts";

const codes = {
  service: "vault",
  unavailable: "store_unavailable",
  throttled: "store_throttled",
} as const;
const failureOf = (thrown: unknown) => toAzureFailure(thrown, codes);

describe("what an Azure SDK throws", () => {
  it.each([
    new CredentialUnavailableError("x"),
    new AuthenticationError(400, "x"),
    new AuthenticationRequiredError({ scopes: [] }),
    new AggregateAuthenticationError([], "x"),
  ])("$name is an identity without a token", (thrown) => {
    expect(failureOf(thrown).code).toBe("identity_unavailable");
  });

  it.each([401, 403])(
    "%d names the service whose role is missing",
    (status) => {
      expect(failureOf({ statusCode: status })).toMatchObject({
        code: "dependency_denied",
        deniedBy: "vault",
      });
    },
  );

  it.each([
    [{ "retry-after": "7" }, 7_000],
    [{ "x-ms-retry-after-ms": "250" }, 250],
    [{ "retry-after-ms": "90" }, 90],
    [{ "retry-after": "999999" }, 3_600_000],
    [{ "retry-after": "soon" }, undefined],
    [{}, undefined],
  ])("429 with %j asks to wait for %s ms", (headers, retryAfterMs) => {
    const failure = failureOf({ statusCode: 429, response: { headers } });
    expect(failure.code).toBe("store_throttled");
    expect(failure.retryAfterMs).toBe(retryAfterMs);
  });

  it("503 is an outage that may say how long it lasts", () => {
    const headers = new Headers({ "retry-after": "3" });
    expect(failureOf({ status: 503, headers })).toMatchObject({
      code: "store_unavailable",
      retryAfterMs: 3_000,
    });
    expect(failureOf(new Error("ECONNRESET")).retryAfterMs).toBeUndefined();
  });

  it("what is tamed already stays, and nothing of another's text is kept", () => {
    const tamed = new NucleusError("content_missing");
    expect(failureOf(tamed)).toBe(tamed);
    const failure = failureOf(new Error("https://account/marker?sig=x"));
    expect(String(failure) + JSON.stringify(failure)).not.toContain("marker");
    expect(failure.cause).toBeUndefined();
  });

  it.each([
    [{ statusCode: 404 }, 404],
    [{ status: 409 }, 409],
    [{ code: 412 }, 412],
    [{ code: "ENOTFOUND" }, undefined],
    ["text", undefined],
    [undefined, undefined],
  ])("the status of %j is %s", (thrown, status) => {
    expect(statusOf(thrown)).toBe(status);
  });
});
