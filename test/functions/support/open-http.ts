import { HttpRequest, InvocationContext } from "@azure/functions";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { createRoutes } from "../../../functions/http/routes.ts";
import { toHttpHandler } from "../../../functions/http/route.ts";
import type { Role } from "../../../shared/auth/principal.ts";
import { createTokenVerifier } from "../../../shared/auth/token-verifier.ts";
import type { TenantBudget } from "../../../shared/costs/tenant-budget.ts";
import { createEstimateInteraction } from "../../../shared/costs/estimate-interaction.ts";
import { createCheckInteraction } from "../../../shared/interactions/check-interaction.ts";
import { createCore, openPorts, type Ports } from "../../support/core.ts";

const issuer = "https://issuer.example";
const audience = "api://nucleus";
const { privateKey, publicKey } = await generateKeyPair("RS256");
const jwks = JSON.stringify({ keys: [await exportJWK(publicKey)] });

export interface Caller {
  readonly roles?: readonly Role[];
  readonly tenantId?: string;
  readonly appId?: string;
}

/** A token as Entra ID issues it; `claims` go above what is right. */
export async function tokenOf(
  { roles = ["adapter"], tenantId = "t1", appId = "app-1" }: Caller,
  claims: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  return new SignJWT({
    iss: issuer,
    aud: audience,
    exp: Math.floor(Date.now() / 1000) + 600,
    tid: tenantId,
    azp: appId,
    oid: "u1",
    ver: "2.0",
    roles,
    ...claims,
  })
    .setProtectedHeader({ alg: "RS256" })
    .sign(privateKey);
}

export interface HttpCall {
  readonly caller?: Caller;
  /** Instead of a caller's token. */
  readonly authorization?: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; a string or bytes are sent as they are. */
  readonly body?: unknown;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** The app's routes, called in process. */
export function openHttp(
  ports: Ports = openPorts(),
  { tenantBudget }: { readonly tenantBudget?: TenantBudget } = {},
) {
  const core = createCore(ports);
  const { log } = core;
  const verifier = createTokenVerifier({ issuer, audience, jwks });
  const isAllowedUrl = (url: { revealText(): string }) =>
    url.revealText().startsWith("https://");
  const routes = createRoutes({
    ...ports,
    ...core,
    verifier,
    isAllowedUrl,
    serviceUrl: "https://nucleus.example",
    now: ports.clock.now,
    runnerOf: () => ports.runner,
    tenantBudget,
    estimate: createEstimateInteraction({
      model: ports.model,
      prices: new Map([
        ["priced", { inputPerMillion: 2, outputPerMillion: 10 }],
      ]),
      maxArtifactBytes: 1e6,
    }),
    check: createCheckInteraction({
      personas: core.personas,
      referenceTypes: ["test"],
      isAllowedUrl,
    }),
  });

  const call = async (
    name: string,
    options: HttpCall = {},
  ): Promise<HttpAnswer> => {
    const route = routes.find((each) => each.name === name);
    if (!route) throw new Error(`no route ${name}`);
    const { caller, body } = options;
    const authorization =
      options.authorization ?? (caller && `Bearer ${await tokenOf(caller)}`);
    const request = new HttpRequest({
      method: route.method,
      url: `https://nucleus.example/api/${route.path}`,
      params: { ...options.params },
      query: { ...options.query },
      headers: {
        ...(authorization !== undefined && { authorization }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...options.headers,
      },
      ...(body !== undefined && { body: toBody(body) }),
    });
    const handle = toHttpHandler(route, { verifier, log });
    const response = await handle(
      request,
      new InvocationContext({
        invocationId: "invocation-1",
        functionName: name,
      }),
    );
    const text =
      response.body === undefined
        ? JSON.stringify(response.jsonBody ?? null)
        : Buffer.from(response.body as string | Uint8Array).toString();
    return {
      status: response.status ?? 200,
      headers: { ...(response.headers as Record<string, string>) },
      body: JSON.parse(text) as unknown,
    };
  };
  return { ports, core, routes, call };
}

function toBody(body: unknown): { string: string } | { bytes: Uint8Array } {
  if (body instanceof Uint8Array) return { bytes: body };
  return { string: typeof body === "string" ? body : JSON.stringify(body) };
}
