import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { HostStartError } from "./host-start-error.ts";
import { writeAtomically } from "./runtime-file.ts";

/** The shortest key that opens anything. */
export const shortestKey = 16;

const Key = z.looseObject({
  name: z.string(),
  value: z.string().min(shortestKey),
  encrypted: z.literal(false).default(false),
});
export type Key = z.infer<typeof Key>;

const HostKeyFile = z.looseObject({
  masterKey: Key,
  functionKeys: z.array(Key),
  systemKeys: z.array(Key).default([]),
});
export type HostKeyFile = z.infer<typeof HostKeyFile>;

const FunctionKeyFile = z.looseObject({ keys: z.array(Key) });
type FunctionKeyFile = z.infer<typeof FunctionKeyFile>;

/** The keys of a home, in the layout of Azure's file secrets. */
export interface KeyFiles {
  /** `secrets/host.json`, which is made at the first start. */
  readHost(): HostKeyFile;
  writeHost(content: HostKeyFile): void;
  /** `secrets/<function in lower case>.json`; undefined where nobody made one. */
  readFunction(functionName: string): FunctionKeyFile | undefined;
  writeFunction(functionName: string, content: FunctionKeyFile): void;
}

/** Reading throws a HostStartError that names the file when it is damaged. */
export function createKeyFiles(home: string): KeyFiles {
  const folder = join(home, "secrets");
  const hostFile = join(folder, "host.json");
  // A function named "host" has its keys beside those of the host, whose name is taken.
  const fileOf = (functionName: string): string => {
    const name = functionName.toLowerCase();
    return join(folder, `${name === "host" ? "host.function" : name}.json`);
  };
  const write = (file: string, content: object): void => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeAtomically(file, `${JSON.stringify(content, null, 2)}\n`);
  };
  return {
    readHost() {
      if (!existsSync(hostFile)) write(hostFile, createHostFile());
      return readKeyFile(hostFile, HostKeyFile);
    },
    writeHost: (content) => write(hostFile, content),
    readFunction(functionName) {
      const file = fileOf(functionName);
      return existsSync(file) ? readKeyFile(file, FunctionKeyFile) : undefined;
    },
    writeFunction: (functionName, content) =>
      write(fileOf(functionName), content),
  };
}

/** A key with a value of its own, unless one is given. */
export function createKey(name: string, value = createValue()): Key {
  return { name, value, encrypted: false };
}

function createValue(): string {
  return randomBytes(40).toString("base64url");
}

function createHostFile(): HostKeyFile {
  return {
    masterKey: createKey("master"),
    functionKeys: [createKey("default")],
    systemKeys: [],
  };
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
