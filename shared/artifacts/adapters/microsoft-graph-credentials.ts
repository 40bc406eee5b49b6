import {
  ClientAssertionCredential,
  ClientSecretCredential,
  type TokenCredential,
} from "@azure/identity";

/** What a managed identity's token must be for, to stand for the app's registration (a federated credential of it). */
const exchangeScope = "api://AzureADTokenExchange/.default";
/** Each holds a tenant's token; the one that was used longest ago goes first. */
const maxTenants = 500;

export interface GraphCredentialOptions {
  /** The registration, which each tenant's administrator consents to. */
  readonly clientId: string;
  /** How it proves itself: with the app's managed identity, or with a secret. */
  readonly proof:
    { readonly assertion: TokenCredential } | { readonly secret: string };
  /** Where the national clouds sign in, such as https://login.microsoftonline.us. */
  readonly authorityHost?: string;
}

/** The registration's credential in each tenant, for `createMicrosoftGraphProvider`: none ever asks another tenant. */
export function createGraphCredentials(
  options: GraphCredentialOptions,
): (tenantId: string) => TokenCredential {
  const known = new Map<string, TokenCredential>();

  return (tenantId) => {
    const credential =
      known.get(tenantId) ?? createCredentialIn(tenantId, options);
    known.delete(tenantId);
    known.set(tenantId, credential);
    const oldest = known.keys().next();
    if (known.size > maxTenants && !oldest.done) known.delete(oldest.value);
    return credential;
  };
}

function createCredentialIn(
  tenantId: string,
  { clientId, proof, authorityHost }: GraphCredentialOptions,
): TokenCredential {
  // The operator vouches for an authority that is named: it is not looked up among Microsoft's.
  const authority =
    authorityHost === undefined
      ? {}
      : { authorityHost, disableInstanceDiscovery: true };
  if ("secret" in proof)
    return new ClientSecretCredential(
      tenantId,
      clientId,
      proof.secret,
      authority,
    );
  return new ClientAssertionCredential(
    tenantId,
    clientId,
    () => getAssertion(proof.assertion),
    authority,
  );
}

async function getAssertion(identity: TokenCredential): Promise<string> {
  const token = await identity.getToken(exchangeScope);
  if (token === null) throw new Error("no token of the managed identity");
  return token.token;
}
