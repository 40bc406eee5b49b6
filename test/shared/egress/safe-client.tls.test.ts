import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import { parseEgressAllow } from "../../../shared/egress/egress-policy.ts";
import { client, outcome } from "./call.ts";
import { selfSignedCertificate } from "./self-signed-certificate.ts";
import { serve } from "./serve.ts";

/** Until the end of the running test. */
function trust(certificate: string): void {
  const before = getCACertificates("default");
  onTestFinished(() => setDefaultCACertificates(before));
  setDefaultCACertificates([...before, certificate]);
}

describe("TLS", () => {
  test("a certificate that nobody vouches for is refused; a trusted one of another name too", async () => {
    const certificate = selfSignedCertificate("localhost");
    const { host, origin, port } = await serve(
      (_, response) => response.end("secret"),
      certificate,
    );
    const allow = parseEgressAllow(`${host},other.test:${port}`);
    const resolve = (): Promise<string[]> => Promise.resolve(["127.0.0.1"]);
    expect(await outcome(client({ allow, resolve }), origin)).toBe(
      "artifact_unreachable",
    );

    trust(certificate.cert);
    const trusting = client({ allow, resolve });
    expect(await outcome(trusting, origin)).toBe("200 secret");
    expect(await outcome(trusting, `https://other.test:${port}/`)).toBe(
      "artifact_unreachable",
    );
  });

  test("a redirect from https to http is refused even to an exception", async () => {
    const certificate = selfSignedCertificate("localhost");
    trust(certificate.cert);
    const plain = await serve((_, response) => response.end("plain"));
    const secure = await serve(
      (_, response) =>
        response.writeHead(302, { location: plain.origin }).end(),
      certificate,
    );
    const safeClient = client({
      allow: parseEgressAllow(`${plain.host},${secure.host}`),
      resolve: () => Promise.resolve(["127.0.0.1"]),
    });
    expect(
      await outcome(safeClient, secure.origin, { redirects: "follow" }),
    ).toBe("artifact_refused");
  });
});
