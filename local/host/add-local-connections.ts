import { findConnection } from "./resolve-setting.ts";
import { readConnectionName } from "./triggers/read-queue-binding.ts";
import type { BindingMetadata } from "./worker-messages.ts";

export interface LocalConnections {
  /** Connection settings that are missing are added. */
  readonly settings: Record<string, string>;
  readonly localBroker: string;
  /** Tells the worker of settings that were added. */
  readonly addSettings: (values: Readonly<Record<string, string>>) => void;
}

/** Connections that the app's Service Bus bindings name and nobody set lead to the local broker, for its own clients too. */
export function addLocalConnections(
  bindings: readonly BindingMetadata[],
  { settings, localBroker, addSettings }: LocalConnections,
): void {
  const added: Record<string, string> = {};
  for (const { type, connection } of bindings) {
    if (!/^serviceBus(Trigger)?$/.test(type)) continue;
    const name = readConnectionName(connection);
    if (findConnection(name, settings) === undefined) added[name] = localBroker;
  }
  Object.assign(settings, added);
  addSettings(added);
}
