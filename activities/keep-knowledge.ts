import type { Operation } from "../shared/documents/document-store.ts";
import type { kinds } from "../shared/documents/kinds.ts";
import type {
  JobDocument,
  KnowledgeDocument,
} from "../shared/jobs/documents.ts";
import {
  type JobKey,
  type JobRecords,
  recordIds,
} from "../shared/jobs/job-records.ts";
import { isTerminal } from "../shared/jobs/job-status.ts";
import type { Now } from "../shared/kernel/clock.ts";
import type { Logger } from "../shared/kernel/log.ts";
import { Tag, toIsoTime } from "../shared/kernel/metadata.ts";
import type { PanelRecord } from "../shared/personas/panel.ts";
import { sumUsage, toUsage } from "../shared/personas/token-usage.ts";
import type { StepRunner } from "./run-step.ts";

export interface KnowledgeKeeper {
  readonly steps: StepRunner;
  readonly records: JobRecords;
  readonly log: Logger;
  readonly now: Now;
}

interface Knowledge {
  /** What each persona did, and on which artifacts. */
  readonly entries: readonly Omit<
    KnowledgeDocument,
    "interactionId" | "userId" | "strategyId" | "createdAt"
  >[];
  readonly panel?: PanelRecord;
}

/**
 * Keeps who analysed which artifact with what outcome, and what it took; repeating it changes nothing.
 *
 * @returns how many documents were written
 */
export async function keepKnowledge(
  { records, log, now }: KnowledgeKeeper,
  key: JobKey,
  job: JobDocument,
  { entries, panel }: Knowledge,
): Promise<number> {
  const indexes = [
    ...new Set(entries.flatMap(({ artifactIndexes }) => artifactIndexes)),
  ];
  const knowledge = entries.map((entry): Operation<typeof kinds> => ({
    op: "upsert",
    kind: "knowledge",
    id: recordIds.knowledge(entry.personaId),
    document: {
      ...entry,
      interactionId: key.jobId,
      userId: job.userId,
      strategyId: job.hasQuery ? answerStrategy : summaryStrategy,
      createdAt: toIsoTime(now()),
    },
  }));
  const keepInJob = () =>
    records.change(
      key,
      (current) =>
        isTerminal(current.status)
          ? undefined
          : {
              ...current,
              usage: sumUsage(entries.map(toUsage)),
              ...(panel && { panel }),
            },
      knowledge,
    );
  await Promise.all([
    ...indexes.map((index) =>
      records.mergeArtifact(
        key,
        index,
        (known) =>
          known && {
            ...known,
            analyzedByPersonaIds: entries
              .filter(({ artifactIndexes }) => artifactIndexes.includes(index))
              .map(({ personaId }) => personaId),
          },
      ),
    ),
    ...(knowledge.length > 0 ? [keepInJob()] : []),
  ]);
  const documents = indexes.length + knowledge.length;
  log.event("metadata.stored", {
    ...key,
    traceparent: job.traceparent,
    documents,
  });
  return documents;
}

const answerStrategy = Tag.parse("answer");
const summaryStrategy = Tag.parse("summary");
