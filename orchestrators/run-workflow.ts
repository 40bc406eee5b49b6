import type { OrchestrationContext, Task } from "durable-functions";
import type { z } from "zod";
import { call } from "../shared/durable/call.ts";
import { toErrorCode } from "../shared/durable/contract.ts";
import type { JobFailure } from "../shared/jobs/documents.ts";
import type { TerminalStatus } from "../shared/jobs/job-status.ts";
import {
  cancelEvent,
  finishJob,
  runStages,
  runWorkflow as contract,
} from "../shared/workflow/contracts.ts";
import { stagesInstanceId } from "../shared/workflow/instance-ids.ts";
import { toFailure } from "./to-failure.ts";

type End = Omit<z.output<typeof finishJob.input>, "tenantId" | "jobId">;

/**
 * One job: its stages raced against cancellation and the deadline, then its end, exactly once.
 *
 * Each task enters the one compound only (a second race over leftovers would schedule them again), so the stages are a
 * sub-orchestration. When they lose the race they end by themselves: every activity looks at the job before it writes.
 */
export function* runWorkflow(
  context: OrchestrationContext,
): Generator<Task, z.output<typeof contract.output>, unknown> {
  const { tenantId, jobId, deadlineAt } = contract.input.parse(
    context.df.getInput(),
  );
  const stages = context.df.callSubOrchestrator(
    runStages.name,
    { tenantId, jobId },
    stagesInstanceId(jobId),
  );
  const cancelled = context.df.waitForExternalEvent(cancelEvent);
  const deadline = context.df.createTimer(new Date(deadlineAt));

  const winner = yield context.df.Task.any([stages, cancelled, deadline]);
  if (winner !== deadline) deadline.cancel();

  let end: End;
  if (winner === deadline) end = timedOut();
  else if (winner === cancelled) end = wasCancelled();
  else end = yield* toEnd(stages);

  const key = { tenantId, jobId };
  let finished = yield* call(context, finishJob, { ...key, ...end });
  // What keeps a result from being put together must not keep the job from ending.
  if (!finished.ok && end.status === "Completed")
    finished = yield* call(context, finishJob, {
      ...key,
      ...failed(toFailure("finish", finished.code)),
    });
  return { status: finished.ok ? finished.value.status : "Failed" };
}

/** What the finished stages mean for the job. */
function* toEnd(stages: Task): Generator<Task, End, unknown> {
  try {
    const { answered, failure } = runStages.output.parse(yield stages);
    if (!failure) return { status: "Completed", answered };
    if (failure.code === "job_cancelled") return wasCancelled();
    if (failure.code === "job_timed_out") return timedOut();
    return failed(failure);
  } catch (thrown) {
    return failed(toFailure("plan", toErrorCode(thrown)));
  }
}

function failed(failure: JobFailure): End {
  return { status: "Failed", failure, answered: [] };
}

function timedOut(): End {
  return ended("TimedOut", "deadline", "job_timed_out");
}

function wasCancelled(): End {
  return ended("Cancelled", "cancel", "job_cancelled");
}

function ended(
  status: TerminalStatus,
  step: "deadline" | "cancel",
  code: "job_timed_out" | "job_cancelled",
): End {
  return { status, failure: toFailure(step, code), answered: [] };
}
