import { z } from "zod";

/**
 * Every setting of the app. Names are environment variables (Function App settings on Azure, `local.settings.json` or
 * the environment on one machine). `docs/configuration.md` is generated from the descriptions.
 */
const wholeNumber = z.coerce.number().int().positive();

export const Settings = z.object({
  DATA_DIR: z
    .string()
    .min(1)
    .describe(
      "Folder of the one-machine stores (documents, vault, keys, secrets). Set by the embedded runtime to NUCLEUS_HOME.",
    ),
  PUBLIC_URL: z
    .url()
    .describe(
      "Where callers reach this app; the base of the status and result URLs in answers and callbacks.",
    ),
  AUTH_ISSUER: z
    .string()
    .min(1)
    .describe("The `iss` that access tokens must carry."),
  AUTH_AUDIENCE: z
    .string()
    .min(1)
    .describe("The `aud` that access tokens must carry."),
  AUTH_JWKS: z
    .string()
    .min(1)
    .describe("The issuer's public keys, a JSON Web Key Set as text."),
  ARTIFACT_ROOT: z
    .string()
    .default("")
    .describe(
      "Folder below which `file` references may be read; empty: no `file` provider (as on Azure).",
    ),
  ARTIFACT_MAX_BYTES: z.coerce
    .number()
    .int()
    .positive()
    .default(50 * 1024 * 1024)
    .describe("Largest artifact in bytes."),
  EGRESS_ALLOW: z
    .string()
    .default("")
    .describe(
      "Comma list of `host:port` that outgoing calls may reach although they are http or private.",
    ),
  EXTRACTION_TIMEOUT_MS: wholeNumber
    .default(120_000)
    .describe("Longest time for the text of one artifact, in milliseconds."),
  EXTRACTION_MAX_CHILDREN: z.coerce
    .number()
    .int()
    .min(1)
    .max(16)
    .default(2)
    .describe("Extraction processes at once; each may take up to 400 MB."),
  JOB_TIMEOUT_SECONDS: wholeNumber
    .default(900)
    .describe("A job that has not finished by then ends as TimedOut."),
  RESULT_TTL_SECONDS: wholeNumber
    .default(24 * 3600)
    .describe(
      "How long a result can be read; at least 96 h when a callback is due.",
    ),
  IDEMPOTENCY_TTL_SECONDS: wholeNumber
    .default(48 * 3600)
    .describe("How long an Idempotency-Key is remembered."),
  WEBHOOK_SCHEDULE: z
    .string()
    .default("0,5,300,1800,7200,18000,36000,50400,72000,86400")
    .describe(
      "Seconds before each attempt of a delivery, the first included, separated by commas.",
    ),
  WEBHOOK_TIMEOUT_MS: wholeNumber
    .max(30_000)
    .default(15_000)
    .describe(
      "How long one delivery attempt may take, in milliseconds; one that died with its process is made again after four times as long.",
    ),
  MODEL: z
    .enum(["extractive", "openai-compatible"])
    .default("extractive")
    .describe(
      "The personas' model: `extractive` works offline and quotes verbatim; `openai-compatible` calls MODEL_BASE_URL.",
    ),
  MODEL_BASE_URL: z
    .url()
    .optional()
    .describe(
      "Base URL of an OpenAI-compatible endpoint, such as http://127.0.0.1:8080/v1. The operator chooses it, so EGRESS_ALLOW does not apply.",
    ),
  MODEL_API_KEY: z
    .string()
    .min(1)
    .optional()
    .describe("The key for that endpoint."),
  MODEL_NAME: z
    .string()
    .min(1)
    .optional()
    .describe("The model's or deployment's name there."),
  MODEL_TIMEOUT_MS: wholeNumber
    .default(60_000)
    .describe("Longest time for one model call, in milliseconds."),
  PERSONA_DIR: z
    .string()
    .default("personas")
    .describe(
      "Folder with persona definitions (YAML), relative to the app's folder.",
    ),
  ServiceBusConnection: z
    .string()
    .min(1)
    .describe(
      "Connection string of the Service Bus namespace; set by the embedded runtime to its own endpoint.",
    ),
});
export type Config = Readonly<z.infer<typeof Settings>>;

/** A setting is missing or malformed; the message names it and says what it must be, never its value. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

/**
 * Reads the app's settings.
 *
 * @throws ConfigurationError naming the first setting that is missing or malformed.
 */
export function loadConfig(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Config {
  const known = Object.fromEntries(
    Object.keys(Settings.shape).flatMap((name) => {
      const value = environment[name];
      return value === undefined || value === "" ? [] : [[name, value]];
    }),
  );
  const parsed = Settings.safeParse(known);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ConfigurationError(
      `Setting ${issue?.path.join(".") ?? "?"}: ${issue?.message ?? "invalid"}. See docs/configuration.md.`,
    );
  }
  const config = parsed.data;
  if (
    config.MODEL === "openai-compatible" &&
    (config.MODEL_BASE_URL === undefined || config.MODEL_NAME === undefined)
  ) {
    throw new ConfigurationError(
      "Setting MODEL: openai-compatible needs MODEL_BASE_URL and MODEL_NAME. See docs/configuration.md.",
    );
  }
  return config;
}
