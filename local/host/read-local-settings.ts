import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { HostStartError } from "./host-start-error.ts";
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

/**
 * The port that `Host.LocalHttpPort` of local.settings.json asks for.
 *
 * @throws HostStartError when it is no port.
 */
export function readLocalHttpPort(scriptRoot: string): number | undefined {
  const file = join(scriptRoot, fileName);
  const host = readContent(file)["Host"];
  const port = isRecord(host) ? host["LocalHttpPort"] : undefined;
  if (port === undefined) return undefined;
  const number = Number(port);
  if (Number.isInteger(number) && number >= 0 && number <= 65_535)
    return number;
  throw new HostStartError(`${file}: "Host.LocalHttpPort" must be a port.`);
}

function readContent(file: string): Record<string, unknown> {
  if (!existsSync(file)) return {};
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, "utf8"));
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
