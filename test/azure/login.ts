import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import {
  grantClientCredentials,
  type Registration,
} from "./entra-token-endpoint.ts";
import type { ForwardProxy } from "./forward-proxy.ts";
import { entraTenantId, type Identity } from "./identity.ts";

const host = "login.microsoftonline.com";

/** Entra ID's token endpoint under its own host name; the tokens are those of `identity`. */
export async function serveLogin(options: {
  readonly proxy: ForwardProxy;
  readonly identity: Identity;
  readonly registration: Registration;
}): Promise<{ readonly asked: readonly string[] }> {
  const { proxy, identity, registration } = options;
  const asked: string[] = [];

  const answer = async (
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    const { pathname } = new URL(request.url ?? "/", `https://${host}`);
    asked.push(`${request.method} ${pathname}`);
    const [, tenantId = "", ...rest] = pathname.split("/");
    const path = rest.join("/");
    if (path === "v2.0/.well-known/openid-configuration") {
      sendJson(response, 200, metadataOf(tenantId));
      return;
    }
    if (path !== "oauth2/v2.0/token") {
      sendJson(response, 404, { error: "not_found", error_description: path });
      return;
    }
    const form = new URLSearchParams(await text(request));
    const grant = grantClientCredentials(tenantId, form, registration);
    if ("error" in grant) {
      sendJson(response, grant.status, grant.error);
      return;
    }
    sendJson(response, 200, {
      token_type: "Bearer",
      expires_in: 3599,
      access_token: await identity.token(grant.audience, {
        appid: registration.clientId,
      }),
    });
  };

  await proxy.serve(host, (request, response) => {
    void answer(request, response);
  });
  return { asked };
}

/** The registration of a workload identity: no secret, a federated credential. */
export function workloadRegistration(assertion: string): Registration {
  return {
    clientId: "5f1c1d0e-0000-4000-8000-0000000000c1",
    secret: "",
    assertion,
    tenants: [entraTenantId],
  };
}

function metadataOf(tenantId: string): object {
  const base = `https://${host}/${tenantId}`;
  return {
    issuer: `${base}/v2.0`,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    token_endpoint: `${base}/oauth2/v2.0/token`,
    jwks_uri: `${base}/discovery/v2.0/keys`,
    token_endpoint_auth_methods_supported: ["private_key_jwt"],
  };
}

function sendJson(
  response: ServerResponse,
  status: number,
  body: object,
): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
