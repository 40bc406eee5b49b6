import type { IncomingMessage, ServerResponse } from "node:http";
import type { ForwardProxy } from "./forward-proxy.ts";
import { entraTenantId, type Identity } from "./identity.ts";
import {
  createVaultState,
  vaultError,
  type VaultAnswer,
  type VaultBehaviour,
  type VaultRequest,
} from "./key-vault-state.ts";

const domain = "vault.azure.net";
const resource = `https://${domain}`;

/** One vault of the endpoint. */
export interface EmulatedVault {
  /** `https://{name}.vault.azure.net` */
  readonly url: string;
  readonly behaviour: VaultBehaviour;
  /** What was asked, without the API version, such as `PUT /secrets/kek`; what came without a token leads with `401`. */
  readonly requests: readonly string[];
}

/** Key Vault under its own domain: the SDK refuses an authentication challenge for a domain that the vault is not in. */
export interface KeyVault {
  /** The vault of this name; an empty one at first. */
  vault(name: string): EmulatedVault;
  /** Every request's line and body that came in so far, for leak scans. */
  bytes(): Buffer;
}

type Vault = EmulatedVault & {
  readonly requests: string[];
  readonly answer: (request: VaultRequest) => VaultAnswer;
};

/** Serves all vaults behind the proxy; tokens are those of `identity` for `https://vault.azure.net`. */
export async function serveKeyVault(options: {
  readonly identity: Identity;
  readonly proxy: ForwardProxy;
}): Promise<KeyVault> {
  const { identity, proxy } = options;
  const vaults = new Map<string, Vault>();
  const received: Buffer[] = [];

  const vault = (name: string): Vault => {
    const known = vaults.get(name) ?? createVault(`https://${name}.${domain}`);
    vaults.set(name, known);
    return known;
  };

  const handle = async (
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    const chunks: Buffer[] = await request.toArray();
    const line = `${request.method} ${request.url}\n`;
    received.push(Buffer.concat([Buffer.from(line), ...chunks]));
    const name = request.headers.host?.split(".")[0] ?? "";
    const { authorization } = request.headers;
    const isOurs = await identity.accepts(authorization, [resource]);
    respond(response, vault(name), toRequest(request, chunks), isOurs);
  };
  await proxy.serve(`*.${domain}`, (request, response) => {
    void handle(request, response);
  });

  return { vault, bytes: () => Buffer.concat(received) };
}

function createVault(url: string): Vault {
  const behaviour: VaultBehaviour = {
    purgeProtection: false,
    purgeDenied: false,
    challengeResource: resource,
    denied: false,
    silent: false,
    settlesAfter: 1,
    throttled: { times: 0 },
  };
  const answer = createVaultState(url, behaviour);
  return { url, behaviour, requests: [], answer };
}

function toRequest(
  { method = "GET", url = "/" }: IncomingMessage,
  chunks: readonly Buffer[],
): VaultRequest {
  const { pathname, searchParams } = new URL(url, resource);
  const text = Buffer.concat(chunks).toString("utf8");
  return {
    method,
    path: pathname.split("/").filter((segment) => segment !== ""),
    query: searchParams,
    body: (text === "" ? {} : JSON.parse(text)) as VaultRequest["body"],
  };
}

/** Answers as the vault's behaviour says. */
function respond(
  response: ServerResponse,
  { behaviour, requests, answer }: Vault,
  request: VaultRequest,
  isAuthenticated: boolean,
): void {
  const line = `${request.method} /${request.path.join("/")}`;
  const headers: Record<string, string> = {
    "content-type": "application/json; charset=utf-8",
  };
  let answered: VaultAnswer;
  if (behaviour.silent) {
    requests.push(line);
    return;
  }
  if (!isAuthenticated) {
    headers["www-authenticate"] =
      `Bearer authorization="https://login.microsoftonline.com/${entraTenantId}", ` +
      `resource="${behaviour.challengeResource}"`;
    const message = "AKV10000: Request is missing a Bearer or PoP token.";
    answered = vaultError(401, "Unauthorized", message);
    requests.push(`401 ${line}`);
  } else if (behaviour.throttled.times > 0) {
    behaviour.throttled.times -= 1;
    const { retryAfterSeconds } = behaviour.throttled;
    if (retryAfterSeconds !== undefined) {
      headers["retry-after"] = String(retryAfterSeconds);
    }
    const message = "Request was not processed because of too many requests.";
    answered = vaultError(429, "Throttled", message);
    requests.push(line);
  } else {
    answered = answer(request);
    requests.push(line);
  }
  response.writeHead(answered.status, headers);
  response.end(
    answered.body === undefined ? undefined : JSON.stringify(answered.body),
  );
}
