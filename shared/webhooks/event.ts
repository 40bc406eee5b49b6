import { z } from "zod";
import { terminalStatuses, type TerminalStatus } from "../jobs/job-status.ts";
import { defineMetadata, IsoTime, Tag, toIsoTime } from "../kernel/metadata.ts";

/** The type of the event that tells of each way in which a job can end. */
export const jobEventTypes = {
  Completed: "nucleus.job.completed",
  Failed: "nucleus.job.failed",
  Cancelled: "nucleus.job.cancelled",
  TimedOut: "nucleus.job.timed_out",
} as const satisfies Record<TerminalStatus, string>;

export const JobEventType = z.enum(jobEventTypes);
export type JobEventType = z.infer<typeof JobEventType>;

/** Scheme, host, port, and the path of a gateway where there is one. */
const serviceUrl =
  /https?:\/\/(?:[\w.-]{1,253}|\[[\da-f:]{2,39}\])(?::\d{1,5})?(?:\/[\w.~-]{1,64}){0,8}/;

/** Where callers reach this service; without a slash at its end. */
export const ServiceUrl = z
  .string()
  .overwrite((url) => url.replace(/\/$/, ""))
  .regex(new RegExp(`^${serviceUrl.source}$`))
  .brand<"ServiceUrl">();
export type ServiceUrl = z.infer<typeof ServiceUrl>;

/** The address of a job's status or result at this service: nothing varies in it but the job's id. */
const JobUrl = z
  .string()
  .regex(
    new RegExp(
      `^${serviceUrl.source}/api/v1/jobs/[\\w.:@-]{1,128}/(?:status|result)$`,
    ),
  )
  .brand<"JobUrl">();

/**
 * What a subscriber is told: a CloudEvents 1.0 event in its structured JSON form. It is thin on purpose: the result is
 * fetched by the entitled, with the ticket that travels beside it in a header.
 */
export const JobEvent = defineMetadata(
  z.strictObject({
    specversion: z.literal("1.0"),
    id: Tag,
    source: ServiceUrl,
    type: JobEventType,
    time: IsoTime,
    subject: Tag,
    datacontenttype: z.literal("application/json"),
    data: z.strictObject({
      jobId: Tag,
      status: z.enum(terminalStatuses),
      statusUrl: JobUrl,
      resultUrl: JobUrl,
    }),
  }),
);
export type JobEvent = z.infer<typeof JobEvent>;

/** The `Content-Type` under which a JobEvent is sent. */
export const jobEventContentType =
  "application/cloudevents+json; charset=utf-8";

interface EndedJob {
  readonly eventId: Tag;
  readonly jobId: Tag;
  readonly status: TerminalStatus;
  /** Milliseconds since the epoch. */
  readonly endedAtMs: number;
  readonly serviceUrl: ServiceUrl;
}

/** The event that tells of a job's end. */
export function toJobEvent({
  eventId,
  jobId,
  status,
  endedAtMs,
  serviceUrl,
}: EndedJob): JobEvent {
  const jobUrl = `${serviceUrl}/api/v1/jobs/${jobId}`;
  return {
    specversion: "1.0",
    id: eventId,
    source: serviceUrl,
    type: jobEventTypes[status],
    time: toIsoTime(endedAtMs),
    subject: jobId,
    datacontenttype: "application/json",
    data: {
      jobId,
      status,
      statusUrl: JobUrl.parse(`${jobUrl}/status`),
      resultUrl: JobUrl.parse(`${jobUrl}/result`),
    },
  };
}
