import { Tag } from "../kernel/metadata.ts";
import type { ContentVault } from "../vault/content-vault.ts";
import type { KeyStore } from "../vault/key-store.ts";
import type { Secrets } from "../vault/secrets.ts";
import type { Telemetry } from "./telemetry.ts";

/** The vault, with a span for each write and deletion. A read lasts as long as its reader takes, and has none. */
export function traceVault(
  vault: ContentVault,
  telemetry: Telemetry,
): ContentVault {
  const call = caller(telemetry, "vault");
  return {
    ...vault,
    write: (object, sealed) => call("write", () => vault.write(object, sealed)),
    deleteOwner: (owner) => call("delete", () => vault.deleteOwner(owner)),
  };
}

/** The key store, with a span for each call that a job makes. */
export function traceKeys(keys: KeyStore, telemetry: Telemetry): KeyStore {
  const call = caller(telemetry, "keys");
  return {
    ...keys,
    create: (owner, key) => call("create", () => keys.create(owner, key)),
    read: (owner) => call("read", () => keys.read(owner)),
    rewrap: (owner, from, key) =>
      call("rewrap", () => keys.rewrap(owner, from, key)),
    shred: (owner) => call("shred", () => keys.shred(owner)),
  };
}

/** The secrets, with a span for each call; their names stay out of it. */
export function traceSecrets(secrets: Secrets, telemetry: Telemetry): Secrets {
  const call = caller(telemetry, "secrets");
  return {
    ...secrets,
    get: (name) => call("get", () => secrets.get(name)),
    getVersion: (name, version) =>
      call("get-version", () => secrets.getVersion(name, version)),
    getOrCreate: (name, create) =>
      call("get-or-create", () => secrets.getOrCreate(name, create)),
    set: (name, value) => call("set", () => secrets.set(name, value)),
    delete: (name) => call("delete", () => secrets.delete(name)),
  };
}

function caller(telemetry: Telemetry, port: "vault" | "keys" | "secrets") {
  return <T>(operation: string, work: () => Promise<T>): Promise<T> =>
    telemetry.span(
      "vault.call",
      {
        attributes: {
          "nucleus.port": port,
          "nucleus.operation": Tag.parse(operation),
        },
      },
      work,
    );
}
