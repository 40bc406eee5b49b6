import type { HttpRequest } from "@azure/functions";
import type { createAcceptInteraction } from "../../shared/interactions/accept-interaction.ts";
import { InteractionRequest } from "../../shared/interactions/interaction-request.ts";
import type { JobRunner } from "../../shared/durable/job-runner.ts";
import { toJobUrls } from "../../shared/jobs/job-view.ts";
import type { Call, SecuredRoute } from "./route.ts";
import { readJson, RequestProblem } from "./route.ts";
import type { CheckInteraction } from "../../shared/interactions/check-interaction.ts";

/** `POST /interactions`: takes an interaction in and answers 202 with where to ask for it. */
export function createPostInteraction(services: {
  readonly accept: ReturnType<typeof createAcceptInteraction>;
  readonly check: CheckInteraction;
  readonly runnerOf: (call: Call) => JobRunner;
  readonly serviceUrl: string;
}): SecuredRoute {
  return {
    name: "post-interaction",
    method: "POST",
    path: "v1/interactions",
    access: ["adapter"],
    usesRunner: true,
    async handle(call) {
      const { request, principal, traceparent } = call;
      const idempotencyKey = readIdempotencyKey(request);
      const body = await readJson(request, InteractionRequest);
      const checked = services.check(principal, body);
      if (!checked.ok) throw new RequestProblem(checked.code, checked.details);
      const { jobId } = await services.accept(
        {
          principal,
          request: body,
          personaIds: checked.personaIds,
          idempotencyKey,
          traceparent,
        },
        services.runnerOf(call),
      );
      const { statusUrl, resultUrl } = toJobUrls(services.serviceUrl, jobId);
      return {
        status: 202,
        headers: {
          location: statusUrl,
          "operation-location": statusUrl,
          "retry-after": "1",
        },
        jsonBody: { jobId, status: "Queued", statusUrl, resultUrl },
      };
    },
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
