import { createHash, timingSafeEqual } from "node:crypto";
import { createKey, createKeyFiles } from "./key-files.ts";
import type { HostKeyFile, Key } from "./key-files.ts";

/** What a set of keys opens: one function, every function, or what an extension serves. */
export type KeyScope =
  { readonly functionName: string } | "functionKeys" | "systemKeys";

/** The keys of one home, as Azure names them. */
export interface HostKeys {
  /** Opens everything: `admin` routes, `/admin`, and every `function` route. */
  readonly masterKey: string;
  /** The host key named `default`, which opens the `function` routes of every function. */
  readonly defaultFunctionKey: string;
  isMasterKey(key: string): boolean;
  /** A host key, or a key of that function. */
  opensFunction(functionName: string, key: string): boolean;
  /** As on Azure, a function that has no keys gets one named `default` when they are asked for. */
  list(scope: KeyScope): readonly Key[];
  /** Sets a key, to a value of the host's own where none is given; says whether the name is new. */
  set(scope: KeyScope, name: string, value?: string): SetKey;
  setMaster(value?: string): SetKey;
  /** False when there is no key of that name. */
  remove(scope: KeyScope, name: string): boolean;
  /** Calls `listener` whenever the master key changed. */
  onMasterChanged(listener: () => void): void;
}

export interface SetKey {
  readonly key: Key;
  readonly isNew: boolean;
}

/**
 * Opens the keys of a home. The files are read here, and written with every change through these functions; a key is
 * also changed by editing its file before the start.
 *
 * @throws HostStartError naming the file that is damaged.
 */
export function readHostKeys(
  home: string,
  functionNames: readonly string[],
): HostKeys {
  const files = createKeyFiles(home);
  let host = files.readHost();
  const own = new Map(
    functionNames.map((name) => [
      name.toLowerCase(),
      files.readFunction(name)?.keys ?? [],
    ]),
  );
  let masterChanged = (): void => undefined;

  const writeHost = (content: HostKeyFile): void => {
    files.writeHost(content);
    host = content;
  };
  const read = (scope: KeyScope): readonly Key[] =>
    typeof scope === "string"
      ? host[scope]
      : (own.get(scope.functionName.toLowerCase()) ?? []);
  const write = (scope: KeyScope, keys: readonly Key[]): void => {
    if (typeof scope === "string") {
      writeHost({ ...host, [scope]: [...keys] });
      return;
    }
    files.writeFunction(scope.functionName, { keys: [...keys] });
    own.set(scope.functionName.toLowerCase(), [...keys]);
  };
  const set = (scope: KeyScope, name: string, value?: string): SetKey => {
    const key = createKey(name, value);
    const keys = read(scope);
    const isNew = !keys.some((each) => isNamed(each, name));
    write(
      scope,
      isNew
        ? [...keys, key]
        : keys.map((each) => (isNamed(each, name) ? key : each)),
    );
    return { key, isNew };
  };

  return {
    get masterKey() {
      return host.masterKey.value;
    },
    get defaultFunctionKey() {
      const { functionKeys, masterKey } = host;
      const key = functionKeys.find((each) => isNamed(each, "default"));
      return (key ?? functionKeys[0] ?? masterKey).value;
    },
    isMasterKey: (key) => isSame(host.masterKey.value, key),
    opensFunction: (functionName, key) =>
      [...read({ functionName }), ...host.functionKeys].some(({ value }) =>
        isSame(value, key),
      ),
    list(scope) {
      if (typeof scope !== "string" && read(scope).length === 0)
        set(scope, "default");
      return read(scope);
    },
    set,
    setMaster(value) {
      const key = createKey("master", value);
      writeHost({ ...host, masterKey: key });
      masterChanged();
      return { key, isNew: value === undefined };
    },
    remove(scope, name) {
      const keys = read(scope);
      const left = keys.filter((each) => !isNamed(each, name));
      if (left.length === keys.length) return false;
      write(scope, left);
      return true;
    },
    onMasterChanged(listener) {
      masterChanged = listener;
    },
  };
}

function isNamed({ name }: Key, wanted: string): boolean {
  return name.toLowerCase() === wanted.toLowerCase();
}

/** Keys are compared by their digests, which have one length. */
function isSame(key: string, given: string): boolean {
  const digest = (text: string): Buffer =>
    createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(key), digest(given));
}
