import { availableParallelism } from "node:os";

import { z } from "zod";

import { durableModes } from "./durable-mode.ts";
import type { DurableEngineOptions } from "./engine.ts";
import {
  versionFailureStrategies,
  versionMatchStrategies,
} from "./version-policy.ts";

export type EngineConfig = DurableEngineOptions["config"];

const count = z.int().min(1);

/** One of the names, written in any case. */
function anyCase<Names extends readonly string[]>(names: Names) {
  return z.string().transform((text, context): Names[number] => {
    const found = names.find(
      (name) => name.toLowerCase() === text.toLowerCase(),
    );
    if (found !== undefined) return found;
    context.addIssue({
      code: "custom",
      message: `expected one of ${names.join(", ")}`,
    });
    return z.NEVER;
  });
}

/** What the engine takes from host.json's `extensions.durableTask`. */
const sectionSchema = z.looseObject({
  maxConcurrentActivityFunctions: count.optional(),
  maxConcurrentOrchestratorFunctions: count.optional(),
  maxConcurrentEntityFunctions: count.optional(),
  maxEntityOperationBatchSize: count.default(5000),
  defaultVersion: z.string().nullish(),
  versionMatchStrategy: anyCase(versionMatchStrategies).default(
    "CurrentOrOlder",
  ),
  versionFailureStrategy: anyCase(versionFailureStrategies).default("Reject"),
});

/**
 * Reads the engine's settings; the defaults are those of the Durable extension: ten functions of a kind per core.
 *
 * @returns what is malformed, where something is.
 */
export function readEngineConfig(
  section: unknown,
  options: {
    readonly hubName: string;
    /** The setting `NUCLEUS_DURABLE_MODE`. */
    readonly mode: string | undefined;
  },
): EngineConfig | { readonly malformed: string } {
  const mode = durableModes.find((name) => name === (options.mode ?? "strict"));
  if (mode === undefined) {
    return {
      malformed: `the setting NUCLEUS_DURABLE_MODE must be one of ${durableModes.join(", ")}.`,
    };
  }
  const parsed = sectionSchema.safeParse(section);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return {
      malformed: `host.json: "extensions.durableTask.${issue?.path.join(".") ?? ""}" is malformed: ${issue?.message ?? "unknown reason"}.`,
    };
  }
  const settings = parsed.data;
  const perCore = 10 * availableParallelism();
  return {
    hubName: options.hubName,
    mode,
    maxConcurrentActivityFunctions:
      settings.maxConcurrentActivityFunctions ?? perCore,
    maxConcurrentOrchestratorFunctions:
      settings.maxConcurrentOrchestratorFunctions ?? perCore,
    maxConcurrentEntityFunctions:
      settings.maxConcurrentEntityFunctions ?? perCore,
    maxEntityOperationBatchSize: settings.maxEntityOperationBatchSize,
    versions: {
      defaultVersion: settings.defaultVersion ?? undefined,
      matchStrategy: settings.versionMatchStrategy,
      failureStrategy: settings.versionFailureStrategy,
    },
  };
}
