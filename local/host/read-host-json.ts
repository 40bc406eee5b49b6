import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { HostStartError } from "./host-start-error.ts";
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

const count = z.int().min(1);

const hostJsonSchema = z.looseObject({
  version: z.literal("2.0"),
  functionTimeout: timeSpan.default(30 * 60_000),
  extensions: z
    .looseObject({
      http: z
        .looseObject({
          routePrefix: z.string().default("api"),
          maxOutstandingRequests: z.int().default(-1),
          customHeaders: z.record(z.string(), z.string()).default({}),
        })
        .prefault({}),
      serviceBus: z
        .looseObject({
          autoCompleteMessages: z.boolean().default(true),
          maxConcurrentCalls: count.default(16),
          maxMessageBatchSize: count.default(1000),
          maxAutoLockRenewalDuration: timeSpan.default(5 * 60_000),
        })
        .prefault({}),
      durableTask: z
        .looseObject({
          hubName: z.string().optional(),
          maxConcurrentActivityFunctions: count.optional(),
          maxConcurrentOrchestratorFunctions: count.optional(),
          defaultVersion: z.string().optional(),
        })
        .prefault({}),
    })
    .prefault({}),
});

/** What the host takes from host.json, defaults filled in; time spans are milliseconds (Infinity for "-1"). */
export type HostJson = z.infer<typeof hostJsonSchema>;

/** @throws HostStartError naming the key that is missing or malformed. */
export function readHostJson(scriptRoot: string): HostJson {
  const file = join(scriptRoot, "host.json");
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new HostStartError(`${file} ${describeReadError(error)}.`);
  }
  const parsed = hostJsonSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new HostStartError(
    `${file}: "${issue?.path.join(".") ?? ""}" is malformed: ${issue?.message ?? "unknown reason"}.`,
  );
}

/** Says why a JSON file could not be used, without quoting what it holds. */
export function describeReadError(error: unknown): string {
  if (error instanceof SyntaxError) return "is not valid JSON";
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOENT" ? "is missing" : `cannot be read (${code})`;
}
