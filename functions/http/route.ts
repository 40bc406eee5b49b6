import type {
  HttpRequest,
  HttpResponseInit,
  InvocationContext,
} from "@azure/functions";
import type { z } from "zod";
import {
  hasRole,
  type Principal,
  type Role,
} from "../../shared/auth/principal.ts";
import type { TokenVerifier } from "../../shared/auth/token-verifier.ts";
import {
  errorCatalogue,
  NucleusError,
  toNucleusError,
} from "../../shared/kernel/errors.ts";
import { toDenial } from "../../shared/kernel/azure-roles.ts";
import type { Logger } from "../../shared/kernel/log.ts";
import { Tag, type TraceParent } from "../../shared/kernel/metadata.ts";
import { noTelemetry } from "../../shared/telemetry/no-telemetry.ts";
import { RouteTemplate } from "../../shared/telemetry/route-template.ts";
import type { Span, Telemetry } from "../../shared/telemetry/telemetry.ts";
import { toRequestParent } from "./to-request-parent.ts";

/** One HTTP trigger. Everything that all routes share (who may call, how errors look) is in `toHttpHandler`. */
export type Route = PublicRoute | SecuredRoute;

interface RouteBase {
  /** The function's name. */
  readonly name: string;
  readonly method: "GET" | "POST" | "DELETE";
  /** Below the route prefix `api`. */
  readonly path: string;
  /** Whether it speaks to the orchestration engine: then it gets the client binding. */
  readonly usesRunner?: true;
}

export interface PublicRoute extends RouteBase {
  readonly access: "anonymous";
  handle(call: Call): Promise<HttpResponseInit>;
}

export interface SecuredRoute extends RouteBase {
  /** The roles of which the caller needs one. */
  readonly access: readonly Role[];
  handle(call: SecuredCall): Promise<HttpResponseInit>;
}

export interface Call {
  readonly request: HttpRequest;
  readonly context: InvocationContext;
}

export interface SecuredCall extends Call {
  readonly principal: Principal;
  /** The request's own span, for what it starts. */
  readonly traceparent: TraceParent;
}

/** Who calls: from its bearer token. */
export interface RouteServices {
  readonly verifier: Pick<TokenVerifier, "verify">;
  readonly log: Logger;
  readonly telemetry?: Telemetry;
}

/**
 * Makes a route's trigger handler: a span of the caller's trace in which it authenticates, authorises, and turns every
 * error into problem+json (RFC 9457).
 */
export function toHttpHandler(route: Route, services: RouteServices) {
  const { telemetry = noTelemetry } = services;
  const attributes = {
    "http.request.method": route.method,
    "http.route": RouteTemplate.parse(`/api/${route.path}`),
    "faas.trigger": "http",
  } as const;
  return (
    request: HttpRequest,
    context: InvocationContext,
  ): Promise<HttpResponseInit> => {
    const parent = toRequestParent(request, context);
    return telemetry.span("http.request", { attributes, parent }, (span) =>
      answer(route, services, { request, context, span }),
    );
  };
}

async function answer(
  route: Route,
  { verifier, log }: RouteServices,
  {
    request,
    context,
    span,
  }: Pick<Call, "request" | "context"> & {
    readonly span: Span<"http.request">;
  },
): Promise<HttpResponseInit> {
  try {
    const call = { request, context };
    const response =
      route.access === "anonymous"
        ? await route.handle(call)
        : await route.handle({
            ...call,
            principal: await authorize(route, verifier, request),
            traceparent: span.traceparent,
          });
    span.set({ "http.response.status_code": response.status ?? 200 });
    return response;
  } catch (thrown) {
    const problem =
      thrown instanceof RequestProblem
        ? thrown
        : new RequestProblem(toNucleusError(thrown).code, {}, thrown);
    const { status, code } = problem;
    span.set({ "http.response.status_code": status });
    if (status >= 500) {
      span.fail(code);
      log.event("request.failed", {
        route: Tag.parse(route.name),
        status,
        code,
        ...toDenial(toNucleusError(thrown)),
      });
    }
    return toProblemResponse(problem, context.invocationId);
  }
}

async function authorize(
  { access }: SecuredRoute,
  verifier: RouteServices["verifier"],
  request: HttpRequest,
): Promise<Principal> {
  const principal = await verifier.verify(request.headers.get("authorization"));
  if (!hasRole(principal, access))
    throw new RequestProblem("forbidden", { allowedRoles: access });
  return principal;
}

/** A NucleusError with what may be told to this caller besides: paths, choices, limits. */
export class RequestProblem extends NucleusError {
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: NucleusError["code"],
    details: Readonly<Record<string, unknown>>,
    cause?: unknown,
  ) {
    super(
      code,
      cause instanceof NucleusError && cause.retryAfterMs !== undefined
        ? { retryAfterMs: cause.retryAfterMs }
        : {},
    );
    this.details = details;
  }
}

function toProblemResponse(
  { code, status, retryable, retryAfterMs, details }: RequestProblem,
  invocationId: string,
): HttpResponseInit {
  const { message, action } = errorCatalogue[code];
  return {
    status,
    headers: {
      "content-type": "application/problem+json",
      ...(status === 401 && { "www-authenticate": "Bearer" }),
      ...((retryAfterMs !== undefined || status === 503) && {
        "retry-after": String(Math.ceil((retryAfterMs ?? 5_000) / 1000)),
      }),
    },
    body: JSON.stringify({
      type: `urn:nucleus:error:${code}`,
      title: message,
      status,
      detail: action,
      code,
      retryable,
      instance: `urn:uuid:${invocationId}`,
      ...details,
    }),
  };
}

const maxBodyBytes = 1024 * 1024;

/**
 * The request's JSON body, parsed by its schema.
 *
 * @throws RequestProblem media_type_unsupported, request_too_large, request_malformed, request_invalid (with the paths)
 */
export async function readJson<S extends z.ZodType>(
  request: HttpRequest,
  schema: S,
): Promise<z.output<S>> {
  const mediaType = request.headers.get("content-type") ?? "";
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(mediaType))
    throw new RequestProblem("media_type_unsupported", {});
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > maxBodyBytes) throw tooLarge();
  const bytes = await request.arrayBuffer();
  if (bytes.byteLength > maxBodyBytes) throw tooLarge();
  const parsed = schema.safeParse(parseJson(bytes));
  if (!parsed.success)
    throw new RequestProblem("request_invalid", {
      errors: parsed.error.issues.flatMap(toFieldErrors),
    });
  return parsed.data;
}

function tooLarge(): RequestProblem {
  return new RequestProblem("request_too_large", { maxBytes: maxBodyBytes });
}

function parseJson(bytes: ArrayBuffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new RequestProblem("request_malformed", {});
  }
}

interface FieldError {
  readonly path: string;
  readonly message: string;
}

function toFieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({
      path: toPath([...issue.path, key]),
      message: "unknown field",
    }));
  return [{ path: toPath(issue.path), message: issue.message }];
}

/** `artifactReferences[0].sourceUri`. */
function toPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, key) =>
      typeof key === "number"
        ? `${text}[${key}]`
        : text === ""
          ? String(key)
          : `${text}.${String(key)}`,
    "",
  );
}

/** @throws RequestProblem not_found when the route's parameter cannot be an id at all */
export function idOf(request: HttpRequest, parameter: string): Tag {
  const id = Tag.safeParse(request.params[parameter]);
  if (!id.success) throw new RequestProblem("not_found", {});
  return id.data;
}
