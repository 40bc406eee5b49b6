import { createLocalIssuer } from "../../local/issuer/local-issuer.ts";
import { roles } from "../../shared/auth/principal.ts";
import { systemNow } from "../../shared/kernel/clock.ts";
import { Tag } from "../../shared/kernel/metadata.ts";
import type { Command } from "../command.ts";
import { UsageError } from "../failures.ts";
import { parseArguments, parseWholeNumber } from "../parse-arguments.ts";
import { resolveHome } from "../resolve-home.ts";

const longestTtlSeconds = 366 * 24 * 3600;

/** `nucleus token`: prints an access token of the local issuer, and nothing else. */
export const runToken: Command = async (args, io) => {
  const values = parseArguments(args, {
    role: { type: "string" },
    tenant: { type: "string" },
    user: { type: "string" },
    app: { type: "string" },
    ttl: { type: "string", default: "3600" },
  });
  const request = {
    roles: parseRoles(values.role),
    tenantId: parseTag("--tenant", values.tenant),
    userId: parseTag("--user", values.user),
    ...(values.app === undefined
      ? {}
      : { appId: parseTag("--app", values.app) }),
    ttlSeconds: parseWholeNumber("--ttl", values.ttl, [1, longestTtlSeconds]),
  };
  const issuer = await createLocalIssuer({
    home: resolveHome(io),
    now: systemNow,
  });
  io.print(await issuer.issueToken(request));
  return 0;
};

function parseRoles(text: string | undefined): string[] {
  const names = (text ?? "").split(",").filter((name) => name !== "");
  if (names.length === 0)
    throw new UsageError(`--role is required: ${roles.join(", ")}`);
  const unknown = names.find((name) => !roles.some((role) => role === name));
  if (unknown !== undefined)
    throw new UsageError(
      `there is no role "${unknown}": take of ${roles.join(", ")}`,
    );
  return [...new Set(names)];
}

function parseTag(option: string, text: string | undefined): string {
  if (text === undefined) throw new UsageError(`${option} is required`);
  const tag = Tag.safeParse(text);
  if (!tag.success)
    throw new UsageError(`${option} must be 1 to 128 of A-Z a-z 0-9 _ . : @ -`);
  return tag.data;
}
