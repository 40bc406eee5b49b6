import type { OrchestrationContext, Task } from "durable-functions";
import type { z } from "zod";
import { call } from "../shared/durable/call.ts";
import {
  extractContent,
  processArtifact as contract,
  retrieveArtifact,
} from "../shared/workflow/contracts.ts";
import { toFailure } from "./to-failure.ts";

/** One artifact's branch: fetch its bytes, then read its text. A failure is a value, so one bad file fails no job. */
export function* processArtifact(
  context: OrchestrationContext,
): Generator<Task, z.output<typeof contract.output>, unknown> {
  const artifact = contract.input.parse(context.df.getInput());
  const { index } = artifact;

  const retrieved = yield* call(context, retrieveArtifact, artifact);
  if (!retrieved.ok)
    return { index, failure: toFailure("retrieve", retrieved.code) };

  const extracted = yield* call(context, extractContent, artifact);
  if (!extracted.ok)
    return { index, failure: toFailure("extract", extracted.code) };

  return { index };
}
