import type { ArtifactProvider } from "../shared/artifacts/artifact-provider.ts";
import type { Config } from "../shared/kernel/config.ts";
import type { MessageSender } from "../shared/messages/message-sender.ts";
import type { PersonaModel } from "../shared/personas/persona-model.ts";
import type { Telemetry } from "../shared/telemetry/telemetry.ts";
import { traceDeliverer } from "../shared/telemetry/trace-deliverer.ts";
import { traceMessages } from "../shared/telemetry/trace-messages.ts";
import { traceModel } from "../shared/telemetry/trace-model.ts";
import { traceProvider } from "../shared/telemetry/trace-provider.ts";
import { traceStore } from "../shared/telemetry/trace-store.ts";
import {
  traceKeys,
  traceSecrets,
  traceVault,
} from "../shared/telemetry/trace-vault.ts";
import type { Deliverer } from "../shared/webhooks/deliver.ts";
import type { Stores } from "./stores.ts";

interface TracedPorts extends Stores {
  readonly messages: MessageSender;
  readonly deliverer: Deliverer;
  readonly model: PersonaModel;
  readonly providers: ReadonlyMap<string, ArtifactProvider>;
}

/** How OpenTelemetry names who answers. */
const modelProviders = {
  extractive: "nucleus.extractive",
  "openai-compatible": "openai",
  "azure-openai": "azure.ai.openai",
} as const satisfies Record<Config["MODEL"], string>;

/** The ports, each call of them a span; without telemetry, the ports as they are. */
export function traced(
  telemetry: Telemetry,
  model: Config["MODEL"],
  ports: TracedPorts,
): TracedPorts {
  if (!telemetry.isOn) return ports;
  return {
    store: traceStore(ports.store, telemetry),
    vault: traceVault(ports.vault, telemetry),
    keys: traceKeys(ports.keys, telemetry),
    secrets: traceSecrets(ports.secrets, telemetry),
    messages: traceMessages(ports.messages, telemetry),
    deliverer: traceDeliverer(ports.deliverer, telemetry),
    model: traceModel(ports.model, telemetry, modelProviders[model]),
    providers: new Map(
      [...ports.providers].map(([type, provider]) => [
        type,
        traceProvider(provider, telemetry),
      ]),
    ),
  };
}
