import { z } from "zod";
import { jobStatuses } from "../../shared/jobs/job-status.ts";
import { JobResult } from "../../shared/results/result.ts";
import { ExpectedFailure } from "../failures.ts";

const Accepted = z.object({
  jobId: z.string(),
  statusUrl: z.url(),
  resultUrl: z.url(),
});
type Accepted = z.infer<typeof Accepted>;

const Status = z.object({
  status: z.enum(jobStatuses),
  progress: z.object({
    completedSteps: z.number(),
    totalSteps: z.number(),
    percentage: z.number(),
    currentStep: z.string().nullish(),
  }),
  error: z
    .object({ code: z.string(), message: z.string().optional() })
    .nullish(),
});
export type Status = z.infer<typeof Status>;

const Secret = z.object({ secret: z.string() });
const Problem = z.object({
  title: z.string().optional(),
  detail: z.string().optional(),
  code: z.string().optional(),
});

/** The API as an adapter uses it. */
export interface AdapterClient {
  /** Makes this adapter's webhook secret (`whsec_…`). */
  createSecret(): Promise<string>;
  postInteraction(interaction: unknown): Promise<Accepted>;
  readStatus(statusUrl: string): Promise<Status>;
  /** Redeems the ticket that came with the callback. */
  redeemResult(resultUrl: string, ticket: string): Promise<JobResult>;
}

export interface AdapterClientOptions {
  /** The app's base URL, without a slash at its end. */
  readonly url: string;
  readonly token: string;
}

/** Creates the client. Each call throws ExpectedFailure with the API's own words when it is refused. */
export function createAdapterClient(
  options: AdapterClientOptions,
): AdapterClient {
  const authorization = `Bearer ${options.token}`;
  const call = async <S extends z.ZodType>(
    schema: S,
    url: string,
    init: RequestInit,
  ): Promise<z.output<S>> => {
    const response = await fetch(url, init);
    const body: unknown = await response.json().catch(() => undefined);
    if (!response.ok) {
      const problem = Problem.safeParse(body).data;
      const reason = problem?.detail ?? problem?.title ?? problem?.code ?? "";
      throw new ExpectedFailure(
        `${init.method ?? "GET"} ${new URL(url).pathname} answered ${response.status}: ${reason}`,
      );
    }
    return schema.parse(body);
  };
  const post = (body: unknown): RequestInit => ({
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify(body),
  });

  return {
    createSecret: async () =>
      (await call(Secret, `${options.url}/api/v1/webhooks/secret`, post({})))
        .secret,
    postInteraction: (interaction) =>
      call(Accepted, `${options.url}/api/v1/interactions`, post(interaction)),
    readStatus: (statusUrl) =>
      call(Status, statusUrl, { headers: { authorization } }),
    redeemResult: (resultUrl, ticket) =>
      call(JobResult, resultUrl, {
        headers: { "nucleus-result-ticket": ticket },
      }),
  };
}
