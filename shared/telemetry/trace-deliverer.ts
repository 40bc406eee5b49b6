import type { Deliverer } from "../webhooks/deliver.ts";
import type { Telemetry } from "./telemetry.ts";

/** Posts to subscribers, with a span for each attempt, which the subscriber learns in `traceparent`. */
export function traceDeliverer(
  deliverer: Deliverer,
  telemetry: Telemetry,
): Deliverer {
  return {
    attempt: (attempt) =>
      telemetry.span(
        "webhook.post",
        { attributes: { "http.request.method": "POST" } },
        async (span) => {
          const { traceparent } = span;
          const headers = { ...attempt.headers, traceparent };
          const result = await deliverer.attempt({ ...attempt, headers });
          span.set({ "http.response.status_code": result.httpStatus });
          if (result.outcome !== "delivered") span.fail(result.code);
          return result;
        },
      ),
  };
}
