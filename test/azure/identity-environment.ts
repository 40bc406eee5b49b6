import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";

/** What `@azure/identity` reads. */
const names = [
  "AZURE_AUTHORITY_HOST",
  "AZURE_CLIENT_CERTIFICATE_PATH",
  "AZURE_CLIENT_ID",
  "AZURE_CLIENT_SECRET",
  "AZURE_FEDERATED_TOKEN_FILE",
  "AZURE_POD_IDENTITY_AUTHORITY_HOST",
  "AZURE_TENANT_ID",
  "AZURE_TOKEN_CREDENTIALS",
  "IDENTITY_ENDPOINT",
  "IDENTITY_HEADER",
  "IMDS_ENDPOINT",
  "MSI_ENDPOINT",
];

/**
 * Makes this process one on a machine that has none of Azure's tools, with this environment and nothing else to sign in
 * with, until `vi.unstubAllEnvs`.
 */
export function stubIdentityEnvironment(
  environment: Readonly<Record<string, string>>,
): void {
  for (const name of names) vi.stubEnv(name, undefined);
  vi.stubEnv("PATH", join(tmpdir(), "no-tools"));
  for (const [name, value] of Object.entries(environment)) {
    vi.stubEnv(name, value);
  }
}
