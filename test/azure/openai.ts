import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { trustedCertificate } from "./certificate.ts";
import type { Identity } from "./identity.ts";
import {
  type AzureReply,
  type ChatBody,
  type ChatCall,
  fails,
  sendError,
} from "./openai-replies.ts";

/** A deployment's model, as it names itself in answers, and whether it is one that thinks first. */
interface Deployment {
  readonly model: string;
  readonly isReasoning?: boolean;
}

/** Chat completions of an Azure OpenAI resource over TLS: tokens, deployments and parameters are checked as it does. */
export interface AzureOpenAi {
  readonly endpoint: string;
  /** The calls whose token was good, in order. */
  readonly calls: readonly ChatCall[];
  /** The replies to the calls from now on, in turn; the last one stays. */
  replyWith(...replies: AzureReply[]): void;
  /** Whether the app's identity has its role on the resource; at first it has. */
  setRoleAssigned(isAssigned: boolean): void;
  close(): Promise<void>;
}

const audience = "https://cognitiveservices.azure.com";
const v1Path = "/openai/v1/chat/completions";
const deploymentPath = /^\/openai\/deployments\/([^/]+)\/chat\/completions$/;

export async function startAzureOpenAi(options: {
  readonly identity: Identity;
  readonly deployments: Readonly<Record<string, Deployment>>;
}): Promise<AzureOpenAi> {
  const { identity, deployments } = options;
  const { cert, key } = await trustedCertificate();
  const calls: ChatCall[] = [];
  let replies: AzureReply[] = [];
  let isAssigned = true;

  const handle = async (
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const { authorization } = request.headers;
    if (!(await identity.accepts(authorization, [audience])))
      return sendError(response, 401, {
        code: "Unauthorized",
        message: `Access token is missing, invalid, audience is incorrect (${audience}), or have expired.`,
      });
    const body = JSON.parse(text) as ChatBody;
    const url = new URL(request.url ?? "/", "https://localhost");
    const deployment = toDeployment(url, body);
    if (request.method !== "POST" || deployment === undefined)
      return sendError(response, 404, { message: "Resource not found" });
    const call = { url: url.href, headers: request.headers, deployment, body };
    calls.push(call);
    const known = deployments[deployment];
    const refusal = !isAssigned ? noRole : refuse(known, body);
    if (known === undefined || refusal !== undefined)
      return (refusal ?? noDeployment)(response, { ...call, model: "" });
    const reply = replies.length > 1 ? replies.shift() : replies[0];
    reply?.(response, { ...call, model: known.model });
  };

  const server = createServer({ cert, key }, (request, response) => {
    void handle(request, response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `https://127.0.0.1:${port}`,
    calls,
    replyWith(...next) {
      replies = next;
    },
    setRoleAssigned(next) {
      isAssigned = next;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** The v1 API names it in the body and wants no dated version; the older one names it in the path, with a version. */
function toDeployment(url: URL, body: ChatBody): string | undefined {
  const version = url.searchParams.get("api-version");
  if (url.pathname === v1Path)
    return version === null || version === "v1" || version === "preview"
      ? (body.model ?? "")
      : undefined;
  const [, name] = deploymentPath.exec(url.pathname) ?? [];
  return /^\d{4}-\d{2}-\d{2}(?:-preview)?$/.test(version ?? "")
    ? name
    : undefined;
}

const noRole = fails(401, {
  code: "PermissionDenied",
  message:
    "The principal lacks the required data action Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action to perform this operation.",
});

const noDeployment = fails(404, {
  code: "DeploymentNotFound",
  message: "The API deployment for this resource does not exist.",
});

/** Reasoning models know neither the older token limit nor a temperature of one's own. */
function refuse(
  deployment: Deployment | undefined,
  body: ChatBody,
): AzureReply | undefined {
  if (deployment === undefined) return noDeployment;
  if (deployment.isReasoning !== true) return undefined;
  if (body.max_tokens !== undefined)
    return fails(400, {
      code: "unsupported_parameter",
      param: "max_tokens",
      message:
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
    });
  if (body.temperature !== undefined && body.temperature !== 1)
    return fails(400, {
      code: "unsupported_value",
      param: "temperature",
      message:
        "Unsupported value: 'temperature' does not support this value with this model. Only the default (1) value is supported.",
    });
  return undefined;
}
