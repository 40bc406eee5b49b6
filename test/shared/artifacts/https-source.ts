import { createHash } from "node:crypto";
import { onTestFinished } from "vitest";
import { createHttpsProvider } from "../../../shared/artifacts/adapters/https.ts";
import { parseEgressAllow } from "../../../shared/egress/egress-policy.ts";
import { createSafeClient } from "../../../shared/egress/safe-client.ts";
import type { ArtifactSource } from "../../contracts/artifact-provider.ts";
import { serve } from "../egress/serve.ts";

/** A web server on loopback, which the provider's client may call as an exception. */
export async function openHttpsSource(): Promise<ArtifactSource> {
  const artifacts = new Map<string, Uint8Array>();
  let open = 0;
  const { host, origin } = await serve((request, response) => {
    open += 1;
    response.on("close", () => {
      open -= 1;
    });
    const name = request.url?.slice(1) ?? "";
    const bytes = artifacts.get(name);
    if (name === "private.txt") response.writeHead(403).end("denied");
    else if (bytes === undefined) response.writeHead(404).end("nothing");
    else if (name.startsWith("shrinking")) {
      response.setHeader("content-length", bytes.byteLength);
      response.write(bytes.subarray(0, 10), () => response.destroy());
    } else {
      const etag = createHash("sha256").update(bytes).digest("hex");
      response.setHeader("etag", `"${etag}"`);
      response.setHeader("content-length", bytes.byteLength).end(bytes);
    }
  });
  const client = createSafeClient({ allow: parseEgressAllow(host) });
  onTestFinished(() => void client.close());
  const put = (name: string, bytes: Uint8Array): Promise<string> => {
    artifacts.set(name, bytes);
    return Promise.resolve(`${origin}/${name}`);
  };

  return {
    provider: createHttpsProvider({ client, now: () => 0 }),
    put,
    putShrinking: (name, sizeBytes) => put(name, Buffer.alloc(sizeBytes)),
    putForbidden: () => put("private.txt", Buffer.from("private")),
    missing: `${origin}/missing`,
    refused: [
      "https://127.0.0.1/",
      "https://localhost/",
      "http://example.com/",
      "https://169.254.169.254/latest/meta-data/",
      "https://user:secret@example.com/",
      "file:///etc/passwd",
      "report.pdf",
    ],
    held: () => Promise.resolve(open),
  };
}
