import type { Tag } from "../kernel/metadata.ts";
import type { IsoTime } from "../kernel/metadata.ts";
import type { JobKey } from "../jobs/job-records.ts";

/** What the domain asks of the orchestration engine. */
export interface JobRunner {
  /**
   * Starts the job's orchestration. An instance that is already there is fine.
   *
   * @throws NucleusError service_unavailable
   */
  start(job: JobKey & { readonly deadlineAt: IsoTime }): Promise<void>;
  /** Tells a running job that it should end; one that is not running is left alone. */
  cancel(jobId: Tag): Promise<void>;
  find(jobId: Tag): Promise<"absent" | "running" | "ended">;
  /** Ends an instance that cannot end by itself; the reconciler's last resort. */
  terminate(jobId: Tag): Promise<void>;
  /**
   * Deletes the histories of a job that has ended. Branches that still run are ended first.
   *
   * @throws NucleusError service_unavailable, also when the next attempt is to find branches ended
   */
  purge(job: {
    readonly jobId: Tag;
    readonly artifactCount: number;
    readonly personaCount: number;
    readonly maxRounds?: number | undefined;
    readonly readsInParts?: boolean | undefined;
  }): Promise<void>;
}
