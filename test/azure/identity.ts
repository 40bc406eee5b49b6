import {
  createServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { TokenCredential } from "@azure/identity";
import { exportJWK, generateKeyPair, jwtVerify, SignJWT, type JWK } from "jose";

/** The tenant and the app's identity that the emulated Entra ID knows. */
export const entraTenantId = "5f1c1d0e-0000-4000-8000-00000000e0e0";
export const appObjectId = "5f1c1d0e-0000-4000-8000-00000000a99a";

/**
 * Entra ID and a managed identity's endpoint (App Service's protocol, version 2019-08-01), whose tokens the other
 * endpoints of `test/azure` verify.
 */
export interface Identity {
  /** `IDENTITY_ENDPOINT` and `IDENTITY_HEADER`, for the app's environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** What a client of one service signs in with when the managed identity is not what is tested. */
  readonly credential: TokenCredential;
  /** Resources for which tokens were asked at the managed identity's endpoint, in order. */
  readonly asked: readonly string[];
  /** The user-assigned identity that each of them was for; `undefined` is the system-assigned one. */
  readonly askedFor: readonly (string | undefined)[];
  /** The public key set. */
  readonly jwks: { readonly keys: readonly JWK[] };
  /** A token as Entra ID would give it; `claims` go above the app's own. */
  token(
    audience: string,
    claims?: Readonly<Record<string, unknown>>,
  ): Promise<string>;
  /** Whether an `Authorization` header bears a token of ours for one of the audiences. */
  accepts(
    authorization: string | undefined,
    audiences: readonly string[],
  ): Promise<boolean>;
  /** How long tokens live from now on, in seconds; 3600 at first. */
  setLifetime(seconds: number): void;
  /** From now on the managed identity's endpoint answers with this status, or not; `undefined` makes it well again. */
  failWith(failure: number | "silence" | undefined): void;
  close(): Promise<void>;
}

const header = "nucleus-test-identity";

export async function startIdentity(): Promise<Identity> {
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const kid = "test-1";
  const jwk = {
    ...(await exportJWK(publicKey)),
    kid,
    alg: "RS256",
    use: "sig",
  };
  const asked: string[] = [];
  const askedFor: (string | undefined)[] = [];
  let lifetimeSeconds = 3600;
  let failure: number | "silence" | undefined;

  const token: Identity["token"] = async (audience, claims = {}) => {
    const nowSeconds = Math.floor(Date.now() / 1000);
    return new SignJWT({
      tid: entraTenantId,
      oid: appObjectId,
      appid: appObjectId,
      ver: "1.0",
      nbf: nowSeconds - 5,
      iss: `https://sts.windows.net/${entraTenantId}/`,
      aud: audience,
      iat: nowSeconds - 5,
      exp: nowSeconds + lifetimeSeconds,
      ...claims,
    })
      .setProtectedHeader({ alg: "RS256", kid, typ: "JWT" })
      .sign(privateKey);
  };

  const answer = async (
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    const url = new URL(request.url ?? "/", "http://localhost");
    const resource = url.searchParams.get("resource") ?? "";
    const isOurs =
      request.headers["x-identity-header"] === header &&
      url.searchParams.get("api-version") === "2019-08-01" &&
      resource !== "";
    asked.push(resource);
    askedFor.push(url.searchParams.get("client_id") ?? undefined);
    if (failure === "silence") return;
    const status = failure ?? (isOurs ? 200 : 400);
    const body =
      status === 200
        ? {
            access_token: await token(resource),
            expires_on: String(Math.floor(Date.now() / 1000) + lifetimeSeconds),
            resource,
            token_type: "Bearer",
            client_id: appObjectId,
          }
        : { statusCode: status, message: "refused by the test" };
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  };
  const server = createServer((request, response) => {
    void answer(request, response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  return {
    environment: {
      IDENTITY_ENDPOINT: `http://127.0.0.1:${port}/msi/token`,
      IDENTITY_HEADER: header,
    },
    credential: {
      async getToken(scopes) {
        const [scope = ""] = [scopes].flat();
        return {
          token: await token(scope.replace(/\/\.default$/, "")),
          expiresOnTimestamp: Date.now() + lifetimeSeconds * 1000,
        };
      },
    },
    asked,
    askedFor,
    jwks: { keys: [jwk] },
    token,
    async accepts(authorization, audiences) {
      const bearer = /^Bearer (.+)$/i.exec(authorization ?? "")?.[1];
      if (bearer === undefined) return false;
      return jwtVerify(bearer, publicKey, { audience: [...audiences] }).then(
        () => true,
        () => false,
      );
    },
    setLifetime(seconds) {
      lifetimeSeconds = seconds;
    },
    failWith(next) {
      failure = next;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
