import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { HostStartError } from "./host-start-error.ts";
import { writeAtomically } from "./runtime-file.ts";

/** The keys of one home, as Azure names them. */
export interface HostKeys {
  /** Opens everything: `admin` routes, `/admin`, and every `function` route. */
  readonly masterKey: string;
  /** The host key named `default`, which opens the `function` routes of every function. */
  readonly defaultFunctionKey: string;
  isMasterKey(key: string): boolean;
  /** A host key, or a key of that function. */
  opensFunction(functionName: string, key: string): boolean;
}

const keySchema = z.looseObject({
  name: z.string(),
  value: z.string().min(16),
  encrypted: z.literal(false).default(false),
});
const hostFileSchema = z.looseObject({
  masterKey: keySchema,
  functionKeys: z.array(keySchema).min(1),
});
const functionFileSchema = z.looseObject({ keys: z.array(keySchema) });

/**
 * Reads the keys of a home, in the layout of Azure's file secrets: `secrets/host.json` (made at the first start) and,
 * where somebody wrote one, `secrets/<function in lower case>.json` with keys of that function only. They are read at
 * the start; a key is changed by editing the file.
 *
 * @throws HostStartError naming the file that is damaged.
 */
export function readHostKeys(
  home: string,
  functionNames: readonly string[],
): HostKeys {
  const folder = join(home, "secrets");
  const hostFile = join(folder, "host.json");
  if (!existsSync(hostFile)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeAtomically(hostFile, `${JSON.stringify(createHostFile(), null, 2)}\n`);
  }
  const { masterKey, functionKeys } = readKeyFile(hostFile, hostFileSchema);
  const master = digest(masterKey.value);
  const hostDigests = functionKeys.map(({ value }) => digest(value));
  const ownDigests = new Map(
    functionNames.map((name) => [name, readFunctionKeys(folder, name)]),
  );
  const defaultKey = functionKeys.find(({ name }) => name === "default");
  return {
    masterKey: masterKey.value,
    defaultFunctionKey: (defaultKey ?? functionKeys[0] ?? masterKey).value,
    isMasterKey: (key) => timingSafeEqual(digest(key), master),
    opensFunction(functionName, key) {
      const given = digest(key);
      const own = ownDigests.get(functionName) ?? [];
      return [...own, ...hostDigests].some((expected) =>
        timingSafeEqual(given, expected),
      );
    },
  };
}

function readFunctionKeys(folder: string, functionName: string): Buffer[] {
  const file = join(folder, `${functionName.toLowerCase()}.json`);
  // A function named "host" has no file of its own: that name is taken.
  if (functionName.toLowerCase() === "host" || !existsSync(file)) return [];
  const { keys } = readKeyFile(file, functionFileSchema);
  return keys.map(({ value }) => digest(value));
}

function readKeyFile<T>(file: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    throw new HostStartError(
      `${file} is damaged. Mend it, or delete it: new keys are made at the next start.`,
    );
  }
}

function createHostFile(): z.input<typeof hostFileSchema> {
  return {
    masterKey: createKey("master"),
    functionKeys: [createKey("default")],
  };
}

function createKey(name: string): z.input<typeof keySchema> {
  const value = randomBytes(40).toString("base64url");
  return { name, value, encrypted: false };
}

/** Keys are compared by their digests, which have one length. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
