import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { HostStartError } from "./host-start-error.ts";
import { parseLenientJson } from "./parse-lenient-json.ts";
import { describeReadError } from "./read-host-json.ts";

const fileName = "local.settings.json";

/**
 * The `Values` of local.settings.json, which is optional.
 *
 * @throws HostStartError when the file is there and malformed.
 */
export function readLocalSettings(scriptRoot: string): Record<string, string> {
  const file = join(scriptRoot, fileName);
  const values = readContent(file)["Values"] ?? {};
  if (!isRecord(values))
    throw new HostStartError(`${file}: "Values" must be an object of strings.`);
  const settings: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== "string")
      throw new HostStartError(`${file}: "Values.${name}" must be a string.`);
    settings[name] = value;
  }
  return settings;
}

/** What the section `Host` of local.settings.json says of the local host itself. */
export interface LocalHostSection {
  readonly port: number | undefined;
  /** Comma-separated origins. */
  readonly cors: string | undefined;
  readonly corsCredentials: boolean;
}

const hostSchema = z.looseObject({
  LocalHttpPort: z.coerce
    .number({ error: "must be a port" })
    .int("must be a port")
    .min(0, "must be a port")
    .max(65_535, "must be a port")
    .optional(),
  CORS: z.string("must be a text of origins").optional(),
  CORSCredentials: z.boolean("must be true or false").default(false),
});

/**
 * Reads the section `Host` of local.settings.json, which Core Tools read too.
 *
 * @throws HostStartError naming the key that is malformed.
 */
export function readLocalHost(scriptRoot: string): LocalHostSection {
  const file = join(scriptRoot, fileName);
  const parsed = hostSchema.safeParse(readContent(file)["Host"] ?? {});
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const name = ["Host", ...(issue?.path ?? [])].join(".");
    throw new HostStartError(`${file}: "${name}" ${issue?.message ?? ""}.`);
  }
  const { LocalHttpPort, CORS, CORSCredentials } = parsed.data;
  return { port: LocalHttpPort, cors: CORS, corsCredentials: CORSCredentials };
}

function readContent(file: string): Record<string, unknown> {
  if (!existsSync(file)) return {};
  let content: unknown;
  try {
    content = parseLenientJson(readFileSync(file, "utf8"));
  } catch (error) {
    throw new HostStartError(`${file} ${describeReadError(error)}.`);
  }
  if (!isRecord(content))
    throw new HostStartError(`${file} must hold one JSON object.`);
  if (content["IsEncrypted"] === true)
    throw new HostStartError(
      `${file}: encrypted settings are not supported. Set "IsEncrypted" to false.`,
    );
  return content;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
