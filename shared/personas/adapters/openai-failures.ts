import type { AzureService } from "../../kernel/azure-roles.ts";
import { NucleusError } from "../../kernel/errors.ts";
import { ModelFiltered } from "../content-filter.ts";
import { toPromptFindings } from "./openai-content-filter.ts";

/** What is read of an SDK error. Its message quotes the endpoint, which may quote the prompt: it goes no further. */
interface Failure {
  readonly status?: unknown;
  readonly code?: unknown;
  readonly param?: unknown;
  readonly message?: unknown;
  readonly headers?: unknown;
}

/** What an endpoint may not know; it is left out, or said otherwise, after the endpoint refused it. */
export interface Dialect {
  readonly responseFormat: "json_schema" | "json_object" | "none";
  readonly tokenLimit: "max_completion_tokens" | "max_tokens";
  readonly hasTemperature: boolean;
  readonly hasUsage: boolean;
}

export const fullDialect: Dialect = {
  responseFormat: "json_schema",
  tokenLimit: "max_completion_tokens",
  hasTemperature: true,
  hasUsage: true,
};

/** The dialect to try next after `thrown`, or `undefined` when the refusal has nothing to do with it. */
export function adaptDialect(
  dialect: Dialect,
  thrown: unknown,
): Dialect | undefined {
  const { status, code, param, message } = asFailure(thrown);
  if (status !== 400 && status !== 422 && status !== 501) return undefined;
  // Their texts may name a parameter, such as "64 tokens in the response_format schemas".
  if (code === "context_length_exceeded" || code === "content_filter")
    return undefined;
  const named = `${String(param)} ${String(message)}`.toLowerCase();
  if (
    /response_format|json_schema|json_object|structured output|guided/.test(
      named,
    )
  ) {
    if (dialect.responseFormat === "none") return undefined;
    return {
      ...dialect,
      responseFormat:
        dialect.responseFormat === "json_schema" ? "json_object" : "none",
    };
  }
  if (
    named.includes("max_completion_tokens") &&
    !/too large|at most/.test(named) &&
    dialect.tokenLimit !== "max_tokens"
  )
    return { ...dialect, tokenLimit: "max_tokens" };
  if (named.includes("temperature") && dialect.hasTemperature)
    return { ...dialect, hasTemperature: false };
  if (/stream_options|include_usage/.test(named) && dialect.hasUsage)
    return { ...dialect, hasUsage: false };
  return undefined;
}

/**
 * An SDK's or transport's failure as Nucleus tells it. Timeouts and aborts are told apart by the caller.
 *
 * @param deniedBy whose role is missing when the endpoint answers 401 or 403; absent: the key is wrong.
 */
export function toModelError(
  thrown: unknown,
  deniedBy?: AzureService,
): NucleusError {
  if (thrown instanceof NucleusError) return thrown;
  const { status, code, headers } = asFailure(thrown);
  const name = String(code);
  if (/content_filter|content_policy|ResponsibleAI/i.test(name))
    return new ModelFiltered({
      // What fails without a status fails within the stream of the answer.
      stage: status === undefined ? "answer" : "prompt",
      findings: toPromptFindings(thrown),
    });
  if (deniedBy !== undefined && (status === 401 || status === 403))
    return new NucleusError("dependency_denied", { deniedBy });
  if (name === "insufficient_quota") return new NucleusError("model_rejected");
  const wait = retryAfterMs(headers);
  const options = wait === undefined ? {} : { retryAfterMs: wait };
  if (status === 429 || name === "rate_limit_exceeded")
    return new NucleusError("model_throttled", options);
  if (status === 408 || status === 504)
    return new NucleusError("model_timeout", options);
  if (typeof status === "number" && status < 500 && status !== 409)
    return new NucleusError("model_rejected");
  return new NucleusError("model_unavailable", options);
}

function asFailure(thrown: unknown): Failure {
  return typeof thrown === "object" && thrown !== null ? thrown : {};
}

/** `retry-after-ms`, or `Retry-After` in seconds or as a date. */
function retryAfterMs(headers: unknown): number | undefined {
  if (!(headers instanceof Headers)) return undefined;
  const inMs = Number.parseFloat(headers.get("retry-after-ms") ?? "");
  if (inMs >= 0) return Math.round(inMs);
  const value = headers.get("retry-after")?.trim() ?? "";
  if (/^\d+(?:\.\d+)?$/.test(value)) return Math.round(Number(value) * 1000);
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}
