import {
  bundleOf,
  change,
  deletedBundleOf,
  itemOf,
  newestOf,
  page,
  toVersion,
  versionsOf,
  type Version,
} from "./key-vault-bundles.ts";

/** How a vault behaves from now on; tests change it as they go. */
export interface VaultBehaviour {
  /** Nobody may purge: deleted secrets stay for their retention time. */
  purgeProtection: boolean;
  /** The identity's role lacks the permission to purge. */
  purgeDenied: boolean;
  /** What the authentication challenge says that a token has to be for. */
  challengeResource: string;
  /** The identity has no role on the vault. */
  denied: boolean;
  /** For how many requests about a name a deletion, purge or recovery of it stays under way. */
  settlesAfter: number;
  /** Requests are not answered. */
  silent: boolean;
  /** So many requests are answered with 429. */
  throttled: { times: number; retryAfterSeconds?: number };
}

export interface VaultRequest {
  readonly method: string;
  /** The path's segments, such as `secrets`, `kek`. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface VaultAnswer {
  readonly status: number;
  readonly body?: unknown;
}

type Phase =
  "live" | "being-deleted" | "deleted" | "being-purged" | "being-recovered";

interface Entry {
  readonly name: string;
  readonly versions: Version[];
  phase: Phase;
  /** Requests until the phase under way ends. */
  settlesAfter: number;
}

function createEntry(name: string): Entry {
  return { name, versions: [], phase: "live", settlesAfter: 0 };
}

export function vaultError(
  status: number,
  code: string,
  message: string,
  innerCode?: string,
): VaultAnswer {
  const inner =
    innerCode === undefined ? {} : { innererror: { code: innerCode } };
  return { status, body: { error: { code, message, ...inner } } };
}

const ok = (body: unknown): VaultAnswer => ({ status: 200, body });
const conflict = (innerCode: string): VaultAnswer =>
  vaultError(
    409,
    "Conflict",
    "The name is taken by an operation or a deletion.",
    innerCode,
  );
const notFound = (): VaultAnswer =>
  vaultError(404, "SecretNotFound", "The secret was not found in this vault.");
const badParameter = (): VaultAnswer =>
  vaultError(400, "BadParameter", "A parameter of the request is not valid.");

/** One vault's secrets, as the service's REST API (2026-04-01) tells of them; names ignore case. */
export function createVaultState(
  url: string,
  behaviour: VaultBehaviour,
): (request: VaultRequest) => VaultAnswer {
  const entries = new Map<string, Entry>();

  const live = () =>
    [...entries.values()].filter(({ phase }) => phase === "live");

  /** What is under way gets on by being asked about, so that no test waits for a clock. */
  const touch = (name: string): Entry | undefined => {
    const entry = entries.get(name.toLowerCase());
    if (!entry || entry.phase === "live" || entry.phase === "deleted") {
      return entry;
    }
    entry.settlesAfter -= 1;
    if (entry.settlesAfter >= 0) return entry;
    if (entry.phase === "being-purged") {
      entries.delete(name.toLowerCase());
      return undefined;
    }
    entry.phase = entry.phase === "being-deleted" ? "deleted" : "live";
    return entry;
  };

  const begin = (entry: Entry, phase: Phase): void => {
    entry.phase = phase;
    entry.settlesAfter = behaviour.settlesAfter;
  };

  const set = (name: string, body: VaultRequest["body"]): VaultAnswer => {
    const entry = touch(name) ?? createEntry(name);
    if (entry.phase !== "live") return conflict(conflictOf[entry.phase]);
    const version = toVersion(body);
    if (!version) return badParameter();
    entry.versions.push(version);
    entries.set(name.toLowerCase(), entry);
    return ok(bundleOf(url, entry.name, version));
  };

  const find = (name: string, version?: string) => {
    const entry = touch(name);
    const isThere =
      entry?.phase === "live" || entry?.phase === "being-recovered";
    if (!isThere) return undefined;
    const found =
      version === undefined
        ? entry.versions.at(-1)
        : entry.versions.find((each) => each.version === version);
    return found && { entry, version: found };
  };

  const secrets = (request: VaultRequest): VaultAnswer => {
    const [, name, version] = request.path;
    const { method, body } = request;
    if (name === undefined) return ok(page(url, request, newestOf(live())));
    if (!/^[0-9A-Za-z-]{1,127}$/.test(name)) return badParameter();
    if (method === "PUT") return set(name, body);
    const found = find(name, version === "versions" ? undefined : version);
    if (!found) return notFound();
    const { entry } = found;
    if (method === "DELETE") {
      begin(entry, "being-deleted");
      return ok(deletedBundleOf(url, entry));
    }
    if (method === "PATCH") {
      change(found.version, body);
      return ok(itemOf(url, entry.name, found.version));
    }
    if (version === "versions")
      return ok(page(url, request, versionsOf(entry)));
    if (!found.version.attributes.enabled) {
      const message = "Operation get is not allowed on a disabled secret.";
      return vaultError(403, "Forbidden", message, "SecretDisabled");
    }
    return ok(bundleOf(url, entry.name, found.version));
  };

  const deletedSecrets = ({ method, path }: VaultRequest): VaultAnswer => {
    const [, name = "", operation] = path;
    const entry = touch(name);
    if (entry?.phase === "being-deleted" && method !== "GET") {
      return conflict("ObjectIsBeingDeleted");
    }
    if (entry?.phase !== "deleted") return notFound();
    if (operation === "recover") {
      begin(entry, "being-recovered");
      const newest = entry.versions.at(-1);
      return ok(newest && itemOf(url, entry.name, newest));
    }
    if (method === "GET") {
      return ok(deletedBundleOf(url, entry));
    }
    if (behaviour.purgeDenied) return forbiddenByRbac();
    if (behaviour.purgeProtection) {
      const message = 'Operation "purge" is not allowed on this vault.';
      return vaultError(403, "Forbidden", message);
    }
    begin(entry, "being-purged");
    return { status: 204 };
  };

  return (request) => {
    if (!request.query.has("api-version")) return badParameter();
    if (behaviour.denied) return forbiddenByRbac();
    const [collection] = request.path;
    if (collection === "secrets") return secrets(request);
    return collection === "deletedsecrets"
      ? deletedSecrets(request)
      : badParameter();
  };
}

const conflictOf = {
  "being-deleted": "ObjectIsBeingDeleted",
  "being-purged": "ObjectIsBeingDeleted",
  "being-recovered": "ObjectIsBeingRecovered",
  deleted: "ObjectIsDeletedButRecoverable",
} as const;

function forbiddenByRbac(): VaultAnswer {
  const message = "Caller is not authorized to perform action on resource.";
  return vaultError(403, "Forbidden", message, "ForbiddenByRbac");
}
