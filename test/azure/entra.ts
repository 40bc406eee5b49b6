import { createLocalJWKSet, jwtVerify, SignJWT } from "jose";
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { createEntraKey, type EntraKey } from "./entra-key.ts";
import {
  grantClientCredentials,
  type Registration,
} from "./entra-token-endpoint.ts";
import { startTlsServer } from "./tls-server.ts";

/** Two tenants that are not each other's business. */
export const contosoId = "c0000000-0000-4000-8000-00000000000c";
export const fabrikamId = "f0000000-0000-4000-8000-00000000000f";

/** How the key set's address answers: with the set, with a status, or with what is no key set. */
type KeyAnswer = "keys" | "garbage" | "empty" | "endless" | "silence" | number;

/** Entra ID over TLS: keys that rotate, v2 access tokens, the metadata and the token endpoint that the SDK asks. */
export interface Entra {
  readonly origin: string;
  /** With `{tenantid}`, as the metadata of the common endpoint has it. */
  readonly issuer: string;
  readonly jwksUrl: string;
  /** How often the keys were asked for. */
  readonly keyFetches: () => number;
  /** The key that signs. */
  readonly current: () => EntraKey;
  /** A v2 access token of an application of Contoso; claims and header fields go above what is right. */
  token(
    claims?: Readonly<Record<string, unknown>>,
    header?: Readonly<Record<string, unknown>>,
  ): Promise<string>;
  issuerOf(tenantId: string): string;
  /** Whether an `Authorization` header bears a token of ours for one of the audiences. */
  accepts(
    authorization: string | undefined,
    audiences: readonly string[],
  ): Promise<boolean>;
  /** Publishes a further key and signs with it from then on. */
  rotate(issuer?: string): Promise<void>;
  /** Takes every key out of the set but the one that signs. */
  retireOldKeys(): void;
  /** Lists what is no key of this issuer's beside its keys. */
  publishBeside(others: readonly unknown[]): void;
  answerKeysWith(answer: KeyAnswer): void;
  close(): Promise<void>;
}

export interface EntraOptions {
  readonly audience?: string;
  readonly now?: () => number;
  /** Who may ask for client credentials; nobody, unless given. */
  readonly registration?: Registration;
}

export async function startEntra({
  audience = "api://nucleus",
  now = Date.now,
  registration = { clientId: "", secret: "", assertion: "", tenants: [] },
}: EntraOptions = {}): Promise<Entra> {
  const keys: EntraKey[] = [];
  const beside: unknown[] = [];
  let count = 0;
  let keyFetches = 0;
  let keyAnswer: KeyAnswer = "keys";

  const current = (): EntraKey => {
    const key = keys.at(-1);
    if (key === undefined) throw new Error("Entra ID has no key");
    return key;
  };

  const sign: Entra["token"] = async (claims = {}, header = {}) => {
    const { kid, privateKey } = current();
    return new SignJWT(claims)
      .setProtectedHeader({ typ: "JWT", alg: "RS256", kid, ...header })
      .sign(privateKey);
  };

  const answerKeys = (response: ServerResponse): void => {
    keyFetches += 1;
    if (keyAnswer === "silence") return;
    if (typeof keyAnswer === "number") response.writeHead(keyAnswer).end();
    else if (keyAnswer === "endless") writeWithoutEnd(response);
    else if (keyAnswer === "garbage") response.end('{"keys":');
    else {
      const published = [...beside, ...keys.map((key) => key.published)];
      sendJson(response, 200, { keys: keyAnswer === "empty" ? [] : published });
    }
  };

  const answerToken = async (
    request: IncomingMessage,
    response: ServerResponse,
    tenantId: string,
  ): Promise<void> => {
    const form = new URLSearchParams(await text(request));
    const grant = grantClientCredentials(tenantId, form, registration);
    if ("error" in grant) sendJson(response, grant.status, grant.error);
    else
      sendJson(response, 200, {
        token_type: "Bearer",
        expires_in: 3599,
        ext_expires_in: 3599,
        access_token: await sign({
          ...times(now()),
          aud: grant.audience,
          iss: `https://sts.windows.net/${tenantId}/`,
          appid: registration.clientId,
          idtyp: "app",
          tid: tenantId,
          uti: randomUUID(),
          ver: "1.0",
        }),
      });
  };

  const server = await startTlsServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "https://localhost");
    const [, tenantId = "", ...rest] = pathname.split("/");
    const path = rest.join("/");
    if (pathname === keysPath) answerKeys(response);
    else if (path === "v2.0/.well-known/openid-configuration")
      sendJson(response, 200, metadataOf(server.origin, tenantId));
    else if (path === "oauth2/v2.0/token")
      void answerToken(request, response, tenantId);
    else response.writeHead(404).end();
  });
  const issuerOf = (tenantId: string): string =>
    `${server.origin}/${tenantId}/v2.0`;
  const rotate: Entra["rotate"] = async (issuer = issuerOf("{tenantid}")) => {
    count += 1;
    keys.push(await createEntraKey(count, issuer));
  };
  await rotate();

  return {
    origin: server.origin,
    issuer: issuerOf("{tenantid}"),
    jwksUrl: server.origin + keysPath,
    keyFetches: () => keyFetches,
    current,
    issuerOf,
    token(claims = {}, header = {}) {
      const { tid } = claims;
      const own = {
        ...times(now()),
        ...applicationClaims,
        aud: audience,
        iss: issuerOf(typeof tid === "string" ? tid : contosoId),
      };
      return sign({ ...own, ...claims }, header);
    },
    async accepts(authorization, audiences) {
      const bearer = (authorization ?? "").replace(/^Bearer /, "");
      const published = createLocalJWKSet({
        keys: keys.map((key) => key.published),
      });
      return jwtVerify(bearer, published, {
        audience: [...audiences],
        currentDate: new Date(now()),
      }).then(
        () => true,
        () => false,
      );
    },
    rotate,
    retireOldKeys: () => void keys.splice(0, keys.length - 1),
    publishBeside: (others) => void beside.push(...others),
    answerKeysWith(answer) {
      keyAnswer = answer;
    },
    close: () => server.close(),
  };
}

const keysPath = "/common/discovery/v2.0/keys";

/** What a v2 token of an application holds besides times, audience and issuer. */
const applicationClaims = {
  aio: "k2RgYPj/",
  azp: "a0000000-0000-4000-8000-00000000000a",
  azpacr: "1",
  oid: "b0000000-0000-4000-8000-00000000000b",
  rh: "1.AXoA",
  roles: ["adapter"],
  sub: "b0000000-0000-4000-8000-00000000000b",
  tid: contosoId,
  uti: "AAAAAAAAAAAAAAAAAAAAAA",
  ver: "2.0",
};

/** Entra ID puts the beginning five minutes back. */
function times(nowMs: number): { iat: number; nbf: number; exp: number } {
  const nowSeconds = Math.floor(nowMs / 1000);
  return {
    iat: nowSeconds - 300,
    nbf: nowSeconds - 300,
    exp: nowSeconds + 3600,
  };
}

function metadataOf(origin: string, tenantId: string): object {
  return {
    token_endpoint: `${origin}/${tenantId}/oauth2/v2.0/token`,
    authorization_endpoint: `${origin}/${tenantId}/oauth2/v2.0/authorize`,
    jwks_uri: `${origin}/${tenantId}/discovery/v2.0/keys`,
    issuer: `${origin}/${tenantId}/v2.0`,
    token_endpoint_auth_methods_supported: [
      "client_secret_post",
      "private_key_jwt",
    ],
  };
}

function writeWithoutEnd(response: ServerResponse): void {
  const write = (): void => {
    while (!response.destroyed && response.write(" ".repeat(16_384)));
  };
  response.on("drain", write);
  write();
}

function sendJson(
  response: ServerResponse,
  status: number,
  body: object,
): void {
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
  });
  response.end(JSON.stringify(body));
}
