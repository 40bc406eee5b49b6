import { randomUUID } from "node:crypto";

/** The app registration that asks for tokens, and the tenants in which it was consented to. */
export interface Registration {
  readonly clientId: string;
  readonly secret: string;
  /** Whose subject the registration's federated credential trusts, as `client_assertion`. */
  readonly assertion: string;
  readonly tenants: readonly string[];
}

/** What the token endpoint says of a request for client credentials: for whom to issue what, or why not. */
type Grant =
  | { readonly tenantId: string; readonly audience: string }
  | { readonly status: number; readonly error: object };

const knownDirectory =
  /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** Checks a POST to `/{tenantId}/oauth2/v2.0/token` as Entra ID does for `grant_type=client_credentials`. */
export function grantClientCredentials(
  tenantId: string,
  form: URLSearchParams,
  registration: Registration,
): Grant {
  if (!knownDirectory.test(tenantId))
    return refuse(400, "invalid_request", 90_002, "Tenant not found.");
  if (form.get("grant_type") !== "client_credentials")
    return refuse(400, "unsupported_grant_type", 70_003, "Unsupported grant.");
  if (
    form.get("client_id") !== registration.clientId ||
    !registration.tenants.includes(tenantId)
  )
    return refuse(
      400,
      "unauthorized_client",
      700_016,
      `Application with identifier '${form.get("client_id")}' was not found in the directory '${tenantId}'.`,
    );
  const isProven = form.has("client_secret")
    ? form.get("client_secret") === registration.secret
    : form.get("client_assertion_type") === assertionType &&
      form.get("client_assertion") === registration.assertion;
  if (!isProven)
    return refuse(
      401,
      "invalid_client",
      7_000_215,
      "Invalid client secret provided.",
    );
  const scope = (form.get("scope") ?? "")
    .split(" ")
    .find((each) => each.endsWith("/.default"));
  return scope === undefined
    ? refuse(400, "invalid_scope", 70_011, "The scope is not valid.")
    : { tenantId, audience: scope.slice(0, -"/.default".length) };
}

function refuse(
  status: number,
  error: string,
  code: number,
  text: string,
): Grant {
  const traceId = randomUUID();
  return {
    status,
    error: {
      error,
      error_description: `AADSTS${code}: ${text} Trace ID: ${traceId}`,
      error_codes: [code],
      timestamp: "2026-01-01 00:00:00Z",
      trace_id: traceId,
      correlation_id: randomUUID(),
      error_uri: `https://login.microsoftonline.com/error?code=${code}`,
    },
  };
}
