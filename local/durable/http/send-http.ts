import type { ActivityOutcome } from "../../worker-port.ts";
import type {
  DurableHttpRequest,
  DurableHttpResponse,
} from "./http-messages.ts";

/** The default of the extension's client. */
const TIMEOUT_MS = 100_000;

/** The built-in HTTP activity. `input` is the JSON text of a request, the result that of its answer, whatever its status. */
export async function sendHttp(
  input: string | undefined,
): Promise<ActivityOutcome> {
  try {
    const request = JSON.parse(input ?? "null") as DurableHttpRequest;
    const result = JSON.stringify(await send(request));
    return { kind: "completed", result };
  } catch (error) {
    return { kind: "failed", message: toMessage(error), stack: "" };
  }
}

async function send(request: DurableHttpRequest): Promise<DurableHttpResponse> {
  const headers = new Headers(request.headers ?? {});
  const content = request.content ?? undefined;
  if (headers.get("content-type")?.includes("multipart") === true) {
    throw new Error("Multipart content is not supported with CallHttpAsync.");
  }
  if (content !== undefined && !headers.has("content-type")) {
    headers.set("content-type", "text/plain");
  }
  const response = await fetch(request.uri, {
    method: request.method,
    headers,
    ...(content !== undefined && { body: content }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  return {
    statusCode: response.status,
    headers: Object.fromEntries(response.headers),
    content: await response.text(),
  };
}

/** What `fetch` keeps in the cause: its own message only says that it failed. */
function toMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") {
    return `The request was canceled: it took longer than ${TIMEOUT_MS / 1000} seconds.`;
  }
  const { cause } = error;
  return cause instanceof Error && cause.message !== ""
    ? cause.message
    : error.message;
}
