/**
 * Ids of a job's orchestration instances: the job's own id for the top one, and these for its branches. Fixed ids make
 * a job's histories findable without a search.
 */
export const stagesInstanceId = (jobId: string): string => `${jobId}:stages`;
export const artifactInstanceId = (jobId: string, index: number): string =>
  `${jobId}:a${index}`;
export const personaInstanceId = (jobId: string, item: number): string =>
  `${jobId}:p${item}`;

/** The ids of all branches of a job. */
export function childInstanceIds(job: {
  readonly jobId: string;
  readonly artifactCount: number;
  readonly personaCount: number;
}): string[] {
  const each = (count: number, toId: (jobId: string, n: number) => string) =>
    Array.from({ length: count }, (_, n) => toId(job.jobId, n));
  return [
    stagesInstanceId(job.jobId),
    ...each(job.artifactCount, artifactInstanceId),
    ...each(job.personaCount, personaInstanceId),
  ];
}
