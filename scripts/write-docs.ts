import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { format } from "prettier";
import type { z } from "zod";
import type { InteractionRequest } from "../shared/interactions/interaction-request.ts";
import { toCosmosPolicy } from "../shared/documents/cosmos-policy.ts";
import { indexes } from "../shared/documents/kinds.ts";
import { azureRoles } from "../shared/kernel/azure-roles.ts";
import { Settings } from "../shared/kernel/settings.ts";
import { errorCatalogue } from "../shared/kernel/errors.ts";
import { toPersonaJsonSchema } from "../shared/personas/persona-json-schema.ts";
import { toTelemetryPage } from "../shared/telemetry/to-telemetry-page.ts";

const root = resolve(import.meta.dirname, "..");

/** The files that are made from the code, so that they cannot say anything else. */
const pages = {
  "docs/errors.md": toErrorsPage,
  "docs/configuration.md": toConfigurationPage,
  "docs/telemetry.md": toTelemetryPage,
  "docs/azure-roles.md": toRolesPage,
  "personas/persona.schema.json": () => JSON.stringify(toPersonaJsonSchema()),
  "bicep/cosmos-container.json": () => JSON.stringify(toCosmosPolicy(indexes)),
} as const;

function toRolesPage(): string {
  const rows = Object.values(azureRoles).map(
    ({ name, roleId, scope, why }) =>
      `| ${name} | \`${roleId}\` | ${scope} | ${why} |`,
  );
  return `# Roles of the app's identity

Made from \`shared/kernel/azure-roles.ts\` by \`npm run docs\`; edit there.

The app signs in to every service of Azure with its identity and holds no key of any. These are the roles that it needs, and no others; \`nucleus doctor\` and the app's errors name the one that is missing.
The first is a data-plane role of the Cosmos DB account itself (\`az cosmosdb sql role assignment create\`), the others are Azure roles (\`az role assignment create\`).

| role | id | on | it |
| --- | --- | --- | --- |
${rows.join("\n")}

Artifacts of the type \`microsoft-graph\` are read with another identity: [docs/azure.md](azure.md#artifacts).
`;
}

function toErrorsPage(): string {
  const rows = Object.entries(errorCatalogue).map(
    ([code, { status, retryable, message, action }]) =>
      `| \`${code}\` | ${status} | ${retryable ? "yes" : "no"} | ${message} | ${action} |`,
  );
  return `# Errors

Made from \`shared/kernel/errors.ts\` by \`npm run docs\`; edit there.

An error of the API is \`application/problem+json\` (RFC 9457): \`type\` (\`urn:nucleus:error:{code}\`), \`title\`, \`status\`, \`detail\` (what to do), \`code\`, \`retryable\`, \`instance\`, and for \`request_invalid\` the list \`errors[{path, message}]\`.
A job that ended otherwise than completed carries \`error {code, message, step, retryable}\`; an artifact that was not read carries its \`code\`.
No text of an error ever holds content.

| code | status | worth repeating | what happened | what to do |
| --- | --- | --- | --- | --- |
${rows.join("\n")}
`;
}

function toConfigurationPage(): string {
  const rows = Object.entries(Settings.shape).map(
    ([name, schema]) =>
      `| \`${name}\` | ${toDefault(schema)} | ${schema.description ?? ""} |`,
  );
  return `# Configuration

Made from \`shared/kernel/settings.ts\` by \`npm run docs\`; edit there.

Settings are environment variables: Function App settings on Azure; on one machine the environment, or \`Values\` in \`local.settings.json\` (start from \`local.settings.sample.json\`). The environment wins.
A setting that is missing or malformed stops the start with one line that names it. \`npm start\` fills in safe local values for those without a default and prints them once.

## The app

| setting | default | meaning |
| --- | --- | --- |
${rows.join("\n")}

## The embedded runtime

| setting | default | meaning |
| --- | --- | --- |
| \`NUCLEUS_HOME\` | \`.nucleus\` | Folder of all state; one running instance at a time. |
| \`PORT\` | \`7071\` | HTTP port on 127.0.0.1. |
| \`NUCLEUS_AMQP_PORT\` | \`5673\` | Port of the Service Bus endpoint on 127.0.0.1. |

## What \`queryText\` and the other fields of an interaction are

Everything of an interaction is sealed with the job's request key. Besides, this is kept of it as metadata:

| field | what is kept |
| --- | --- |
${fieldRows().join("\n")}
`;
}

/** What becomes of each field of an interaction; the compiler and the test keep it complete. */
const fieldHandling = {
  platformType: "as it is",
  conversationId:
    "as it is when it has the shape of a tag, else its keyed hash",
  userId: "as it is when it has the shape of a tag, else its keyed hash",
  queryText: "**content**: only whether there is one",
  messageId: "as it is when it has the shape of a tag, else its keyed hash",
  replyToMessageId:
    "as it is when it has the shape of a tag, else its keyed hash",
  correlationId: "as it is when it has the shape of a tag, else its keyed hash",
  artifactReferences:
    "their number; of each: `referenceId` and `tenantId` as tag or keyed hash, `referenceType`; `sourceUri` and `fileName` are **content**: keyed hashes; `mimeType` is **content**: nothing (the sniffed media type is kept)",
  metadata: "**content**: nothing",
  interactionType: "as it is (must be a tag)",
  language: "nothing",
  personaIds: "as they are",
  panel: "as it is",
  priority: "as it is",
  tags: "as they are (must be tags)",
  callbackUrl: "**content**: only whether there is one",
  timestampUtc: "**content**: nothing",
} as const satisfies Record<keyof z.infer<typeof InteractionRequest>, string>;

function fieldRows(): string[] {
  return Object.entries(fieldHandling).map(
    ([field, handling]) => `| \`${field}\` | ${handling} |`,
  );
}

function toDefault(schema: z.ZodType<string | number | undefined>): string {
  const empty = schema.safeParse(undefined);
  if (!empty.success) return "required";
  return empty.data === undefined || empty.data === ""
    ? "none"
    : `\`${empty.data}\``;
}

const { values } = parseArgs({ options: { check: { type: "boolean" } } });
let stale = 0;
for (const [path, toPage] of Object.entries(pages)) {
  const file = join(root, path);
  const parser = path.endsWith(".json") ? "json" : "markdown";
  const page = await format(toPage(), { parser });
  const current = await readFile(file, "utf8").catch(() => "");
  if (current === page) continue;
  if (values.check === true) {
    stale += 1;
    console.error(`${path} is not what the code says. Run: npm run docs`);
  } else {
    await writeFile(file, page);
    console.log(`wrote ${path}`);
  }
}
process.exitCode = stale > 0 ? 1 : 0;
