import { laneCount, maxLevels } from "../personas/part-counts.ts";

/**
 * Ids of a job's orchestration instances: the job's own id for the top one, and these for its branches. Fixed ids make
 * a job's histories findable without a search.
 */
export const stagesInstanceId = (jobId: string): string => `${jobId}:stages`;
export const artifactInstanceId = (jobId: string, index: number): string =>
  `${jobId}:a${index}`;
export const personaInstanceId = (jobId: string, item: number): string =>
  `${jobId}:p${item}`;
/** The first round has the ids that a single question has. */
export const panelistInstanceId = (
  jobId: string,
  item: number,
  round: number,
): string =>
  round === 1
    ? personaInstanceId(jobId, item)
    : `${personaInstanceId(jobId, item)}.r${round}`;

/** Of one lane of one level, in which a persona reads parts of long documents. */
export const laneInstanceId = (
  jobId: string,
  { item, level, lane }: Readonly<Record<"item" | "level" | "lane", number>>,
): string => `${personaInstanceId(jobId, item)}.l${level}.${lane}`;

/** The ids of all branches of a job. */
export function childInstanceIds(job: {
  readonly jobId: string;
  readonly artifactCount: number;
  readonly personaCount: number;
  /** How many rounds its personas may have taken; 1 where absent. */
  readonly maxRounds?: number | undefined;
  /** Whether a persona may have read in parts. */
  readonly readsInParts?: boolean | undefined;
}): string[] {
  const each = (count: number, toId: (jobId: string, n: number) => string) =>
    Array.from({ length: count }, (_, n) => toId(job.jobId, n));
  return [
    stagesInstanceId(job.jobId),
    ...each(job.artifactCount, artifactInstanceId),
    ...Array.from({ length: job.maxRounds ?? 1 }, (_, index) =>
      each(job.personaCount, (jobId, item) =>
        panelistInstanceId(jobId, item, index + 1),
      ),
    ).flat(),
    ...(job.readsInParts === true
      ? each(job.personaCount, String).flatMap((_, item) =>
          laneIds(job.jobId, item),
        )
      : []),
  ];
}

function laneIds(jobId: string, item: number): string[] {
  return Array.from({ length: maxLevels }, (_, level) =>
    Array.from({ length: laneCount }, (__, lane) =>
      laneInstanceId(jobId, { item, level: level + 1, lane }),
    ),
  ).flat();
}
