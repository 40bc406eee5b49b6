import type { TokenCredential } from "@azure/identity";
import { NucleusError } from "../../kernel/errors.ts";
import type { BoundedPersonaModel } from "../persona-model.ts";
import { createOpenAiCompatibleModel } from "./openai-compatible.ts";

export interface AzureOpenAiOptions {
  /** The resource, such as `https://example.openai.azure.com`; https, because a token goes there. */
  readonly endpoint: string;
  /** The deployment to ask, unless the persona names another (`model.chatModelId`). */
  readonly deployment: string;
  readonly credential: TokenCredential;
  /** The longest time for one answer, repair included, in milliseconds. */
  readonly timeoutMs: number;
}

const scope = "https://cognitiveservices.azure.com/.default";

/**
 * Deployments of an Azure OpenAI or Foundry resource, with the app's identity. The resource speaks OpenAI's own API
 * below `/openai/v1`, where `model` is the deployment's name and no dated api-version is asked for.
 *
 * @throws NucleusError configuration_invalid when `endpoint` is no https URL.
 */
export function createAzureOpenAiModel(
  options: AzureOpenAiOptions,
): BoundedPersonaModel {
  const { endpoint, deployment, credential, timeoutMs } = options;
  if (!URL.canParse(endpoint) || new URL(endpoint).protocol !== "https:")
    throw new NucleusError("configuration_invalid");
  return createOpenAiCompatibleModel({
    baseUrl: `${endpoint.replace(/\/+$/, "")}/openai/v1`,
    apiKey: (signal) => toToken(credential, signal),
    model: deployment,
    timeoutMs,
    deniedBy: "models",
  });
}

/** The credential caches its token and renews it in time. */
async function toToken(
  credential: TokenCredential,
  signal: AbortSignal,
): Promise<string> {
  const token = await credential
    .getToken(scope, { abortSignal: signal })
    .catch(() => null);
  if (token === null) throw new NucleusError("identity_unavailable");
  return token.token;
}
