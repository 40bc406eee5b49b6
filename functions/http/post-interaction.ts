import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import type { createAcceptInteraction } from "../../shared/interactions/accept-interaction.ts";
import type { TenantBudget } from "../../shared/costs/tenant-budget.ts";
import type { EstimateInteraction } from "../../shared/costs/estimate-interaction.ts";
import { InteractionRequest } from "../../shared/interactions/interaction-request.ts";
import type { Reservations } from "../../shared/interactions/idempotency.ts";
import type { JobRunner } from "../../shared/durable/job-runner.ts";
import { toJobUrls } from "../../shared/jobs/job-view.ts";
import { Content } from "../../shared/kernel/content.ts";
import { errorCatalogue } from "../../shared/kernel/errors.ts";
import type { Logger } from "../../shared/kernel/log.ts";
import type { Tag } from "../../shared/kernel/metadata.ts";
import type { Call, SecuredCall, SecuredRoute } from "./route.ts";
import { readJson, RequestProblem } from "./route.ts";
import type {
  CheckedInteraction,
  CheckInteraction,
} from "../../shared/interactions/check-interaction.ts";

interface PostInteractionServices {
  readonly accept: ReturnType<typeof createAcceptInteraction>;
  readonly reservations: Pick<Reservations, "findAccepted">;
  readonly check: CheckInteraction;
  readonly estimate: EstimateInteraction;
  readonly tenantBudget?: Pick<TenantBudget, "usedUpUntil"> | undefined;
  readonly runnerOf: (call: Call) => JobRunner;
  readonly serviceUrl: string;
  readonly log: Logger;
}

/**
 * `POST /interactions`: takes an interaction in and answers 202 with where to ask for it; or 200 where no persona is
 * there for it, and then nothing of it is kept. With `?dryRun=true` it is checked alike and answered 200 with what it
 * would take: nothing is kept, started or asked of a model.
 */
export function createPostInteraction(
  services: PostInteractionServices,
): SecuredRoute {
  return {
    name: "post-interaction",
    method: "POST",
    path: "v1/interactions",
    access: ["adapter"],
    usesRunner: true,
    async handle(call) {
      const idempotencyKey = readIdempotencyKey(call.request);
      const body = await readJson(call.request, InteractionRequest);
      const checked = await refuseUnpaid(
        services,
        call.principal.tenantId,
        services.check(call.principal, body),
      );
      if (isDryRun(call.request)) return answerDryRun(services, checked, body);
      if (checked.outcome !== "accepted")
        return answerUnaccepted(services, call, {
          ...checked,
          idempotencyKey,
          body,
        });
      const { jobId } = await services.accept(
        {
          principal: call.principal,
          request: body,
          personas: checked.personas,
          idempotencyKey,
          traceparent: call.traceparent,
        },
        services.runnerOf(call),
      );
      return toAccepted(services, jobId);
    },
  };
}

type Unaccepted = Exclude<CheckedInteraction, { outcome: "accepted" }> & {
  readonly idempotencyKey: string | undefined;
  readonly body: InteractionRequest;
};

/** What is not accepted today may be the repetition of what was: then it is answered as it was. */
async function answerUnaccepted(
  services: PostInteractionServices,
  { principal: { tenantId, appId } }: SecuredCall,
  unaccepted: Unaccepted,
): Promise<HttpResponseInit> {
  const { idempotencyKey: key, body } = unaccepted;
  const jobId = await services.reservations.findAccepted({
    tenantId,
    appId,
    key,
    body: Content.fromJson(body),
  });
  if (jobId !== undefined) return toAccepted(services, jobId);
  if (unaccepted.outcome === "refused") throw toProblem(unaccepted);
  services.log.event("interaction.ignored", {
    tenantId,
    appId,
    artifacts: body.artifactReferences.length,
  });
  return toIgnored(unaccepted);
}

/** What would only fail today is not begun. */
async function refuseUnpaid(
  { tenantBudget }: Pick<PostInteractionServices, "tenantBudget">,
  tenantId: Tag,
  checked: CheckedInteraction,
): Promise<CheckedInteraction> {
  const availableAt =
    checked.outcome === "accepted"
      ? await tenantBudget?.usedUpUntil(tenantId)
      : undefined;
  return availableAt === undefined
    ? checked
    : {
        outcome: "refused",
        code: "tenant_budget_exceeded",
        details: { availableAt },
      };
}

async function answerDryRun(
  { estimate }: Pick<PostInteractionServices, "estimate">,
  checked: CheckedInteraction,
  body: InteractionRequest,
): Promise<HttpResponseInit> {
  switch (checked.outcome) {
    case "accepted":
      return { status: 200, jsonBody: await estimate(body, checked.personas) };
    case "ignored":
      return toIgnored(checked);
    case "refused":
      throw toProblem(checked);
    default:
      return checked satisfies never;
  }
}

function toProblem({
  code,
  details,
}: Extract<CheckedInteraction, { outcome: "refused" }>): RequestProblem {
  return new RequestProblem(code, details);
}

function toIgnored({
  code,
}: Extract<CheckedInteraction, { outcome: "ignored" }>): HttpResponseInit {
  const { message, action } = errorCatalogue[code];
  return {
    status: 200,
    jsonBody: { status: "ignored", code, title: message, detail: action },
  };
}

function isDryRun({ query }: HttpRequest): boolean {
  const value = query.get("dryRun");
  if (value === null || value === "false") return false;
  if (value === "true") return true;
  throw new RequestProblem("request_invalid", {
    errors: [{ path: "dryRun", message: "must be true or false" }],
  });
}

function toAccepted(
  { serviceUrl }: Pick<PostInteractionServices, "serviceUrl">,
  jobId: Tag,
): HttpResponseInit {
  const { statusUrl, resultUrl } = toJobUrls(serviceUrl, jobId);
  return {
    status: 202,
    headers: {
      location: statusUrl,
      "operation-location": statusUrl,
      "retry-after": "1",
    },
    jsonBody: { jobId, status: "Queued", statusUrl, resultUrl },
  };
}

/** A structured-field string (`"…"`), as the draft says, or the bare text that most clients send. */
function readIdempotencyKey(request: HttpRequest): string | undefined {
  const header = request.headers.get("idempotency-key");
  if (header === null) return undefined;
  const key = /^"(.*)"$/.exec(header)?.[1] ?? header;
  if (!/^[\x21-\x7e][\x20-\x7e]{0,254}$/.test(key))
    throw new RequestProblem("idempotency_key_invalid", {});
  return key;
}
