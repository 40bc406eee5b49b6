import { isServiceBusError } from "@azure/service-bus";
import { toAzureFailure } from "../../azure/to-azure-failure.ts";
import { NucleusError } from "../../kernel/errors.ts";
import { lastAttemptError } from "./last-attempt-error.ts";

/**
 * Tames what a Service Bus client threw, over AMQP or HTTP: its text, which quotes ids and addresses, is dropped. A
 * busy namespace is one that does not answer now: `service_unavailable` is retried.
 */
export function toMessageFailure(thrown: unknown): NucleusError {
  const error = lastAttemptError(thrown);
  if (isServiceBusError(error)) {
    return error.code === "UnauthorizedAccess"
      ? new NucleusError("dependency_denied", { deniedBy: "messages" })
      : new NucleusError("service_unavailable");
  }
  return toAzureFailure(error, {
    service: "messages",
    unavailable: "service_unavailable",
    throttled: "service_unavailable",
  });
}
