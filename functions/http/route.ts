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
import type { Logger } from "../../shared/kernel/log.ts";
import { Tag } from "../../shared/kernel/metadata.ts";

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
}

/** Who calls: from its bearer token. */
export interface RouteServices {
  readonly verifier: TokenVerifier;
  readonly log: Logger;
}

/** Makes a route's trigger handler: authenticates, authorises, and turns every error into problem+json (RFC 9457). */
export function toHttpHandler(route: Route, services: RouteServices) {
  return async (
    request: HttpRequest,
    context: InvocationContext,
  ): Promise<HttpResponseInit> => {
    try {
      if (route.access === "anonymous")
        return await route.handle({ request, context });
      const principal = await services.verifier.verify(
        request.headers.get("authorization"),
      );
      if (!hasRole(principal, route.access))
        throw new RequestProblem("forbidden", { allowedRoles: route.access });
      return await route.handle({ request, context, principal });
    } catch (thrown) {
      const problem =
        thrown instanceof RequestProblem
          ? thrown
          : new RequestProblem(toNucleusError(thrown).code, {}, thrown);
      if (problem.status >= 500)
        services.log.event("request.failed", {
          route: Tag.parse(route.name),
          status: problem.status,
          code: problem.code,
        });
      return toProblemResponse(problem, context.invocationId);
    }
  };
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
