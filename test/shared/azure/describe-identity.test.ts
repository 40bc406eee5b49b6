import { describe, expect, it } from "vitest";
import type { IdentityKind } from "../../../shared/azure/create-credential.ts";
import { describeIdentity } from "../../../shared/azure/describe-identity.ts";

const appService = { IDENTITY_ENDPOINT: "http://x", IDENTITY_HEADER: "secret" };
const workload = {
  AZURE_TENANT_ID: "tenant",
  AZURE_FEDERATED_TOKEN_FILE: "/var/token",
};
const principal = {
  AZURE_TENANT_ID: "tenant",
  AZURE_CLIENT_ID: "app",
  AZURE_CLIENT_SECRET: "secret",
};

interface Row {
  readonly kind: IdentityKind;
  readonly clientId?: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly says: string;
}

const rows: readonly Row[] = [
  {
    kind: "managed-identity",
    environment: appService,
    says: "managed identity (system-assigned) through the identity endpoint of Functions and App Service",
  },
  {
    kind: "managed-identity",
    clientId: "app",
    environment: {},
    says: "managed identity (user-assigned, app) through the virtual machine's metadata service",
  },
  {
    kind: "managed-identity",
    environment: { ...appService, IDENTITY_SERVER_THUMBPRINT: "x" },
    says: "managed identity (system-assigned) through Service Fabric",
  },
  {
    kind: "managed-identity",
    environment: { IDENTITY_ENDPOINT: "http://x", IMDS_ENDPOINT: "http://y" },
    says: "managed identity (system-assigned) through Azure Arc",
  },
  {
    kind: "workload-identity",
    clientId: "app",
    environment: workload,
    says: "workload identity (app) by the token file of AZURE_FEDERATED_TOKEN_FILE",
  },
  {
    kind: "workload-identity",
    environment: { AZURE_TENANT_ID: "tenant" },
    says: "workload identity, not set up: AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE not set",
  },
  {
    kind: "developer",
    environment: appService,
    says: "developer sign-in: Azure CLI (az login), else Azure Developer CLI (azd auth login)",
  },
  {
    kind: "default",
    environment: principal,
    says: "default: the service principal of AZURE_CLIENT_ID, by its secret or certificate",
  },
  {
    kind: "default",
    environment: { ...appService, ...workload, AZURE_CLIENT_ID: "app" },
    says: "default: workload identity (app) by the token file of AZURE_FEDERATED_TOKEN_FILE",
  },
  {
    kind: "default",
    environment: appService,
    says: "default: managed identity (system-assigned) through the identity endpoint of Functions and App Service",
  },
  {
    kind: "default",
    environment: {},
    says: "default: managed identity (system-assigned) through the virtual machine's metadata service if that answers, else a developer's sign-in",
  },
  {
    kind: "default",
    environment: { ...appService, AZURE_TOKEN_CREDENTIALS: "dev" },
    says: "default: a developer's sign-in (AZURE_TOKEN_CREDENTIALS=dev)",
  },
  {
    kind: "default",
    environment: { AZURE_TOKEN_CREDENTIALS: "prod" },
    says: "default: managed identity (system-assigned) through the virtual machine's metadata service",
  },
];

describe("how the identity signs in", () => {
  it.each(rows)("$kind: $says", ({ kind, clientId, environment, says }) => {
    expect(describeIdentity({ kind, clientId }, environment)).toBe(says);
  });

  it("no secret of the environment is shown", () => {
    for (const { kind, clientId, environment } of rows) {
      const line = describeIdentity({ kind, clientId }, environment);
      expect(line).not.toMatch(/http:|\/var|=secret|: secret/);
    }
  });
});
