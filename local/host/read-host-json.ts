import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { HostStartError } from "./host-start-error.ts";
import { overrideHostJson } from "./override-host-json.ts";
import { parseLenientJson } from "./parse-lenient-json.ts";
import type { Settings } from "./resolve-setting.ts";
import { parseTimeSpanMs } from "./time-span.ts";

const timeSpan = z.string().transform((text, context) => {
  const ms = parseTimeSpanMs(text);
  if (ms !== undefined) return ms;
  context.addIssue({
    code: "custom",
    message: 'expected a time span such as "00:10:00", or "-1" for none',
  });
  return z.NEVER;
});

const positiveSpan = timeSpan.refine((ms) => ms > 0, "expected some time");

/** Numbers and truth values may be texts, as .NET's configuration has them. */
const toNumber = (value: unknown): unknown =>
  typeof value === "string" && /^-?\d{1,15}$/.test(value)
    ? Number(value)
    : value;
const int = z.preprocess(toNumber, z.int());
const count = z.preprocess(toNumber, z.int().min(1));
const truth = z.preprocess(
  (value) =>
    typeof value === "string" && /^(true|false)$/i.test(value)
      ? value.toLowerCase() === "true"
      : value,
  z.boolean(),
);
const list = z
  .record(z.string(), z.string())
  .transform((elements) => Object.values(elements));

const httpSection = z.looseObject({
  routePrefix: z.string().default("api"),
  maxOutstandingRequests: int.default(-1),
  customHeaders: z.record(z.string(), z.string()).default({}),
});

/** The longest time that a batch may be waited for: half of the longest lock. */
const longestBatchWaitMs = 150_000;

const serviceBusSection = z
  .looseObject({
    autoCompleteMessages: truth.default(true),
    maxConcurrentCalls: count.default(16),
    maxConcurrentSessions: count.default(8),
    sessionIdleTimeout: positiveSpan.default(60_000),
    maxMessageBatchSize: count.default(1000),
    minMessageBatchSize: count.default(1),
    maxBatchWaitTime: positiveSpan
      .refine(
        (ms) => ms <= longestBatchWaitMs,
        "expected at most two and a half minutes",
      )
      .default(30_000),
    maxAutoLockRenewalDuration: timeSpan.default(5 * 60_000),
  })
  .refine(
    ({ minMessageBatchSize, maxMessageBatchSize }) =>
      minMessageBatchSize <= maxMessageBatchSize,
    {
      path: ["minMessageBatchSize"],
      message: "expected at most maxMessageBatchSize",
    },
  );

/** The engine reads the rest of it, and the names of its strategies. */
const durableTaskSection = z.looseObject({
  hubName: z.string().optional(),
  maxConcurrentActivityFunctions: count.optional(),
  maxConcurrentOrchestratorFunctions: count.optional(),
  maxConcurrentEntityFunctions: count.optional(),
  maxEntityOperationBatchSize: count.optional(),
  defaultVersion: z.string().optional(),
  versionMatchStrategy: z.string().optional(),
  versionFailureStrategy: z.string().optional(),
});

const extensionsSection = z.looseObject({
  http: httpSection.prefault({}),
  serviceBus: serviceBusSection.prefault({}),
  durableTask: durableTaskSection.prefault({}),
});

const hostJsonSchema = z.looseObject({
  version: z.literal("2.0"),
  functionTimeout: timeSpan.default(30 * 60_000),
  /** The functions that are loaded; all of them where it is absent. */
  functions: list.optional(),
  extensions: extensionsSection.prefault({}),
});

const knownNames = [
  hostJsonSchema,
  extensionsSection,
  httpSection,
  serviceBusSection,
  durableTaskSection,
].flatMap((section) => Object.keys(section.shape));

/** What the host takes from host.json, defaults filled in; time spans are milliseconds (Infinity for "-1"). */
export type HostJson = z.infer<typeof hostJsonSchema>;

/**
 * Reads host.json, and lays the app settings `AzureFunctionsJobHost__…` over it.
 *
 * @throws HostStartError naming the key, or the app setting, that is missing or malformed.
 */
export function readHostJson(
  scriptRoot: string,
  settings: Settings = {},
): HostJson {
  const file = join(scriptRoot, "host.json");
  let content: unknown;
  try {
    content = parseLenientJson(readFileSync(file, "utf8"));
  } catch (error) {
    throw new HostStartError(`${file} ${describeReadError(error)}.`);
  }
  const { value, settingOf } = overrideHostJson(content, settings, knownNames);
  const parsed = hostJsonSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue?.path ?? [];
  const setting = settingOf(path);
  const named =
    setting === undefined
      ? `${file}: "${path.join(".")}"`
      : `The app setting "${setting}"`;
  throw new HostStartError(
    `${named} is malformed: ${issue?.message ?? "unknown reason"}.`,
  );
}

/** Says why a JSON file could not be used, without quoting what it holds. */
export function describeReadError(error: unknown): string {
  if (error instanceof SyntaxError) return "is not valid JSON";
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOENT" ? "is missing" : `cannot be read (${code})`;
}
