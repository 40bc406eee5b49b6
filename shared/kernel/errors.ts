import type { AzureService } from "./azure-roles.ts";

/** What a caller is told about one kind of failure. Texts never hold content: they are all here. */
interface CatalogueEntry {
  /** HTTP status when the failure answers a request. */
  readonly status: number;
  /** Whether the same work may succeed later without anybody changing anything. */
  readonly retryable: boolean;
  /** What happened. */
  readonly message: string;
  /** What the reader can do about it. */
  readonly action: string;
}

function permanent(
  status: number,
  message: string,
  action: string,
): CatalogueEntry {
  return { status, retryable: false, message, action };
}

function transient(
  status: number,
  message: string,
  action: string,
): CatalogueEntry {
  return { status, retryable: true, message, action };
}

const waitAndRetry =
  "Nothing to do: Nucleus retries with backoff. If it lasts, look at the dependency's health.";

/** Every error of Nucleus. `docs/errors.md` is generated from it. */
export const errorCatalogue = {
  // Requests
  request_malformed: permanent(
    400,
    "The body is not valid JSON.",
    "Send a JSON object as application/json.",
  ),
  request_invalid: permanent(
    400,
    "The request has fields that are missing, malformed or unknown.",
    "Correct the fields named in errors[].",
  ),
  request_too_large: permanent(
    413,
    "The body is larger than 1 MiB.",
    "Send references to artifacts, not their content.",
  ),
  media_type_unsupported: permanent(
    415,
    "The body is not JSON.",
    "Send Content-Type: application/json.",
  ),
  unauthenticated: permanent(
    401,
    "The bearer token is missing, expired or not valid here.",
    "Get a token (locally: npx nucleus token --role adapter --tenant t1 --user u1) and send it as Authorization: Bearer.",
  ),
  ticket_invalid: permanent(
    401,
    "The result ticket is not one of this job.",
    "Use the nucleus-result-ticket header of this job's callback, or a bearer token.",
  ),
  forbidden: permanent(
    403,
    "The token has none of the roles that this route needs.",
    "Ask for one of the roles named in the answer.",
  ),
  not_found: permanent(
    404,
    "There is no such thing here, or it is not yours.",
    "Check the id and the token's tenant.",
  ),
  idempotency_key_invalid: permanent(
    400,
    "The Idempotency-Key is not 1 to 255 printable characters.",
    "Send a fresh UUID per logical request.",
  ),
  idempotency_key_reused: permanent(
    422,
    "The Idempotency-Key was used before with another body.",
    "Use a new key for a new request.",
  ),
  idempotency_in_flight: transient(
    409,
    "The first request with this Idempotency-Key is still being worked on.",
    "Send the same request again after the Retry-After seconds.",
  ),
  persona_unknown: permanent(
    400,
    "The request names a persona that does not exist or is not open to this tenant.",
    "Use one of the ids that the answer lists.",
  ),
  interaction_ignored: permanent(
    200,
    "No persona's activation rules choose this interaction: nothing was started and nothing is kept.",
    "Name personaIds, or give a persona rules that choose it.",
  ),
  provider_unknown: permanent(
    400,
    "No artifact provider handles this referenceType here.",
    "Use one of the referenceTypes that the answer lists.",
  ),
  url_refused: permanent(
    400,
    "The URL is not allowed: it is not https, or it leads to a private address.",
    "Use a public https URL, or have the operator add host:port to EGRESS_ALLOW.",
  ),
  job_not_finished: transient(
    409,
    "The job has not finished, so there is no result yet.",
    "Ask for the status, or wait for the callback.",
  ),
  job_has_no_result: permanent(
    409,
    "The job ended without a result.",
    "See the job's error.",
  ),
  job_already_finished: permanent(
    409,
    "The job has already finished.",
    "Nothing to do.",
  ),
  result_gone: permanent(
    410,
    "The result was kept for its time and is shredded.",
    "Post the interaction again: artifacts are still at their source.",
  ),
  webhook_limit: permanent(
    409,
    "This adapter has as many webhooks as it may have.",
    "Delete one that is not needed.",
  ),
  delivery_not_redeliverable: permanent(
    409,
    "This delivery is still being attempted.",
    "Wait until it is delivered or dead.",
  ),
  service_unavailable: transient(
    503,
    "A dependency does not answer.",
    "Send the same request again later, with the same Idempotency-Key.",
  ),
  internal: transient(
    500,
    "Something failed inside Nucleus.",
    "Report this answer's instance; sending the request again is safe with an Idempotency-Key.",
  ),
  // Retrieving artifacts
  artifact_not_found: permanent(
    404,
    "The source system has no such artifact.",
    "Check the reference.",
  ),
  artifact_forbidden: permanent(
    403,
    "The source system refuses access to the artifact.",
    "Grant Nucleus' identity access to it.",
  ),
  artifact_refused: permanent(
    400,
    "The artifact's address is not allowed.",
    "Use a public https URL or a path below ARTIFACT_ROOT, or have the operator extend EGRESS_ALLOW.",
  ),
  artifact_too_large: permanent(
    413,
    "The artifact is larger than the limit.",
    "Split it, or raise ARTIFACT_MAX_BYTES.",
  ),
  artifact_empty: permanent(
    422,
    "The artifact has no bytes.",
    "Check the source.",
  ),
  artifact_rejected: permanent(
    502,
    "The source system answered with a client error.",
    "Check the reference.",
  ),
  artifact_unreachable: transient(
    502,
    "The source system does not answer.",
    waitAndRetry,
  ),
  artifact_throttled: transient(
    503,
    "The source system asks to slow down.",
    waitAndRetry,
  ),
  artifact_timeout: transient(
    504,
    "The source system took too long.",
    waitAndRetry,
  ),
  // Extracting text
  extraction_unsupported: permanent(
    415,
    "Text cannot be extracted from this kind of file.",
    "Convert it to one of the kinds in docs/extraction.md.",
  ),
  extraction_corrupt: permanent(
    422,
    "The file is damaged or not what it claims to be.",
    "Open and save it again at its source.",
  ),
  extraction_encrypted: permanent(
    422,
    "The file is protected by a password.",
    "Remove the password at its source.",
  ),
  extraction_empty: permanent(
    422,
    "The file holds no text.",
    "Look whether it is the right one.",
  ),
  extraction_ocr_off: permanent(
    415,
    "The file is a picture or a scan, and reading the words in pictures is off.",
    "Set OCR to on, or give the file a text layer.",
  ),
  extraction_too_large: permanent(
    413,
    "The file grows beyond the limit when it is unpacked.",
    "Split it.",
  ),
  extraction_timeout: permanent(
    422,
    "Extracting the text took too long.",
    "Split it, or raise EXTRACTION_TIMEOUT_MS.",
  ),
  extraction_crashed: transient(
    500,
    "The extraction process ended unexpectedly.",
    waitAndRetry,
  ),
  // Personas and models
  model_unavailable: transient(502, "The model does not answer.", waitAndRetry),
  model_throttled: transient(503, "The model asks to slow down.", waitAndRetry),
  model_timeout: transient(504, "The model took too long.", waitAndRetry),
  model_refused: permanent(
    422,
    "The model declined to answer.",
    "Rephrase the query or use another persona.",
  ),
  model_filtered: permanent(
    422,
    "The model's content filter stopped the prompt or the answer.",
    "See the filter's categories in the job; rephrase, or have the deployment's filter changed.",
  ),
  model_output_invalid: permanent(
    502,
    "The model's answer does not have the agreed shape.",
    "Try again, or use a model that follows schemas.",
  ),
  model_rejected: permanent(
    502,
    "The model's endpoint rejects the request.",
    "Check MODEL_BASE_URL, MODEL_NAME and the key.",
  ),
  persona_evidence_missing: permanent(
    422,
    "The persona must give evidence, and too little of it stands in the documents.",
    "Reference documents that say it, or lower the persona's guardrails.minQuotes.",
  ),
  persona_budget_exceeded: permanent(
    422,
    "What is left of the persona's budget buys no answer.",
    "Raise its model.budget, or lower its maxOutputTokens.",
  ),
  tenant_budget_exceeded: permanent(
    429,
    "The tenant's budget for models is used up for today. The next one begins at 00:00 UTC.",
    "Send it again tomorrow (UTC), or raise TENANT_DAILY_TOKENS or TENANT_DAILY_COST_USD.",
  ),
  // Jobs
  nothing_readable: permanent(
    422,
    "None of the artifacts could be read, and there is no query.",
    "See the artifacts' codes in the job.",
  ),
  job_timed_out: permanent(
    504,
    "The job did not finish before its deadline.",
    "Split the work, or raise JOB_TIMEOUT_SECONDS.",
  ),
  job_cancelled: permanent(409, "The job was cancelled.", "Nothing to do."),
  step_failed: permanent(
    500,
    "A step failed for good.",
    "See the step and its code.",
  ),
  // Content
  content_shredded: permanent(
    410,
    "The content was shredded: its key is gone.",
    "Nothing to do: that is what was promised.",
  ),
  content_missing: transient(
    500,
    "Sealed content is not where it should be.",
    waitAndRetry,
  ),
  content_tampered: permanent(
    500,
    "Sealed content does not authenticate.",
    "Find out who changed the vault.",
  ),
  // Webhooks
  delivery_refused: permanent(
    400,
    "The endpoint's address is not allowed.",
    "Use a public https URL, or extend EGRESS_ALLOW.",
  ),
  delivery_failed: transient(
    502,
    "The endpoint did not answer with 2xx.",
    "Make it answer 2xx in time (WEBHOOK_TIMEOUT_MS).",
  ),
  delivery_gone: permanent(
    410,
    "The endpoint answered 410: it is disabled.",
    "Register the webhook again.",
  ),
  // Settings and stores
  configuration_invalid: permanent(
    500,
    "A setting is missing or malformed.",
    "See the line that names it; docs/configuration.md lists all.",
  ),
  store_unavailable: transient(
    503,
    "A store (documents, vault, keys or secrets) does not answer.",
    waitAndRetry,
  ),
  store_throttled: transient(
    503,
    "A store asks to slow down.",
    "Nothing to do: Nucleus retries with backoff. If it lasts, raise the store's throughput.",
  ),
  keys_not_shreddable: permanent(
    503,
    "The key store's account keeps copies of what is deleted.",
    "Turn versioning, soft delete and backups off there: until then nothing is ever shredded.",
  ),
  dependency_denied: permanent(
    503,
    "A service of Azure refuses the app's identity.",
    "Assign the role that the log and nucleus doctor name; it takes effect within minutes.",
  ),
  identity_unavailable: transient(
    503,
    "The app's identity gets no token.",
    "Check IDENTITY and the managed identity's assignment; nucleus doctor says what is tried.",
  ),
  document_invalid: permanent(
    500,
    "A document does not have its declared shape.",
    "Report it: this is a bug in Nucleus.",
  ),
} as const satisfies Readonly<Record<string, CatalogueEntry>>;

export type ErrorCode = keyof typeof errorCatalogue;
export const errorCodes = Object.keys(errorCatalogue) as [
  ErrorCode,
  ...ErrorCode[],
];

/**
 * The one error that crosses boundaries (activity to history, domain to HTTP). Its text comes from the catalogue; a
 * library's own message, which may quote content, is dropped where this is thrown.
 */
export class NucleusError extends Error {
  override readonly name = "NucleusError";
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly status: number;
  /** How long the other side asked us to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** Which service of Azure refused the app's identity: its role is the one to assign. */
  readonly deniedBy: AzureService | undefined;

  constructor(
    code: ErrorCode,
    options: {
      readonly retryAfterMs?: number;
      readonly deniedBy?: AzureService;
    } = {},
  ) {
    const entry = errorCatalogue[code];
    super(`${code}: ${entry.message}`);
    this.code = code;
    this.retryable = entry.retryable;
    this.status = entry.status;
    this.retryAfterMs = options.retryAfterMs;
    this.deniedBy = options.deniedBy;
  }
}

/** Tames whatever was thrown: a NucleusError stays, everything else becomes `fallback` and its text is dropped. */
export function toNucleusError(
  thrown: unknown,
  fallback: ErrorCode = "internal",
): NucleusError {
  return thrown instanceof NucleusError ? thrown : new NucleusError(fallback);
}
