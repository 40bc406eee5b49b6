import type { FailureDetails } from "./history-event.ts";

/** What a TaskFailed or SubOrchestrationInstanceFailed event says. */
export interface FailureTexts {
  readonly Reason: string;
  readonly Details: string;
  readonly FailureDetails?: FailureDetails;
}

/**
 * The texts of a failed activity. `Details` is the serialised exception of the extension's runtime. When the app has an
 * exception properties provider, `message` is the JSON text of structured details, and those are kept.
 */
export function activityFailure(
  name: string,
  message: string,
  stack: string,
): FailureTexts {
  const details = parseTaskFailureDetails(message);
  const text = details?.ErrorMessage ?? message;
  // The runtime puts the message behind "Exception:" and a space, which stays part of it: hence two spaces in `Reason`.
  return {
    Reason: `Activity function '${name}' failed:  ${text}`,
    Details: serialiseException(` ${text}`, stack),
    ...(details !== undefined && { FailureDetails: details }),
  };
}

/** The texts of a durable HTTP request that got no answer: no function of the app stands between. */
export function httpFailure(message: string): FailureTexts {
  return { Reason: message, Details: serialiseException(message, "") };
}

/** The output of a failed orchestration. */
export function orchestratorFailureReason(name: string, error: string): string {
  return `Orchestrator function '${name}' failed: ${error}`;
}

/** What the parent of a failed or terminated sub-orchestration is told. */
export function subOrchestrationFailure(options: {
  readonly reason: string;
  readonly error: string | undefined;
  readonly failureDetails: FailureDetails | undefined;
}): FailureTexts {
  const { reason, error, failureDetails } = options;
  return {
    Reason: reason,
    // The SDK refuses a failure whose details are not a string.
    Details:
      error === undefined
        ? ""
        : `Message: ${error}, StackTrace: ${failureDetails?.StackTrace ?? ""}`,
    ...(failureDetails !== undefined && { FailureDetails: failureDetails }),
  };
}

function serialiseException(message: string, stack: string): string {
  return JSON.stringify({
    $type: "System.Exception, System.Private.CoreLib",
    ClassName: "System.Exception",
    Message: message,
    Data: null,
    InnerException: null,
    HelpURL: null,
    StackTraceString: stack,
    RemoteStackTraceString: null,
    RemoteStackIndex: 0,
    ExceptionMethod: null,
    HResult: -2146233088,
    Source: null,
    WatsonBuckets: null,
  });
}

/** The SDK's camel-case details, as wire names; undefined when the message is an ordinary one. */
function parseTaskFailureDetails(message: string): FailureDetails | undefined {
  if (!message.startsWith("{")) return undefined;
  try {
    const value = JSON.parse(message) as SdkFailureDetails;
    if (
      typeof value.errorType !== "string" ||
      typeof value.errorMessage !== "string"
    ) {
      return undefined;
    }
    return {
      ErrorType: value.errorType,
      ErrorMessage: value.errorMessage,
      StackTrace: value.stackTrace ?? null,
      IsNonRetriable: value.isNonRetriable ?? false,
      Properties: value.properties ?? null,
      InnerFailure: null,
    };
  } catch {
    return undefined;
  }
}

interface SdkFailureDetails {
  readonly errorType?: unknown;
  readonly errorMessage?: unknown;
  readonly stackTrace?: string;
  readonly isNonRetriable?: boolean;
  readonly properties?: unknown;
}
