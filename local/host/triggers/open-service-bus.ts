import { RetryMode } from "@azure/service-bus";
import type { ServiceBusClient } from "@azure/service-bus";
import { openMessageClient } from "../../../shared/messages/adapters/service-bus-connection.ts";
import type { ConnectionSettings } from "../resolve-setting.ts";
import { toServiceBusConnection } from "./to-service-bus-connection.ts";

/** The Service Bus extension's own: what is wrong for longer is logged after seconds, and tried again for ever. */
const retryOptions = {
  mode: RetryMode.Exponential,
  maxRetries: 3,
  retryDelayInMs: 800,
  maxRetryDelayInMs: 60_000,
};

/** Opens the client of a binding; it connects with its first use. */
export function openServiceBus(settings: ConnectionSettings): ServiceBusClient {
  return openMessageClient(toServiceBusConnection(settings), { retryOptions });
}
