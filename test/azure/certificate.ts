import { randomUUID } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { generate } from "selfsigned";

/** A certificate for 127.0.0.1 and localhost, made anew for each test process. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
  /** The certificate as a file, for `NODE_EXTRA_CA_CERTS` of another process. */
  readonly file: string;
}

let made: Promise<TestCertificate> | undefined;

/** The certificate of this process, which trusts it from then on: token credentials are sent over TLS only. */
export function trustedCertificate(): Promise<TestCertificate> {
  return (made ??= makeCertificate());
}

async function makeCertificate(): Promise<TestCertificate> {
  const { cert, private: key } = await generate(
    [{ name: "commonName", value: `nucleus-test-${randomUUID()}` }],
    {
      keyType: "ec",
      algorithm: "sha256",
      extensions: [
        { name: "basicConstraints", cA: true },
        {
          name: "subjectAltName",
          altNames: [
            { type: 2, value: "localhost" },
            { type: 7, ip: "127.0.0.1" },
          ],
        },
      ],
    },
  );
  setDefaultCACertificates([...getCACertificates("default"), cert]);
  const file = join(mkdtempSync(join(tmpdir(), "nucleus-ca-")), "ca.pem");
  writeFileSync(file, cert);
  return { cert, key, file };
}
