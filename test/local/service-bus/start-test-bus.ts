import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ServiceBusEndpoint,
  type ServiceBusOptions,
  startServiceBus,
} from "../../../local/service-bus/start-service-bus.ts";
import type { ServiceBusConnection } from "../../../shared/messages/adapters/service-bus-connection.ts";
import { trustedCertificate } from "../../azure/certificate.ts";
import type { Identity } from "../../azure/identity.ts";

/** The ways to reach an endpoint: a connection string without TLS, or tokens over TLS. */
export const connectionForms = ["connection string", "token"] as const;

/** The audience of tokens for Service Bus, as the client asks for it. */
export const serviceBusAudience = "https://servicebus.azure.net/";

/** The host name that tokens and addresses carry; a gateway's address leads to the endpoint instead. */
export const fullyQualifiedNamespace = "nucleus.servicebus.windows.net";

/** An endpoint with a file of its own, and what its app connects with. */
export interface TestBus {
  readonly endpoint: ServiceBusEndpoint;
  readonly connection: ServiceBusConnection;
  close(): Promise<void>;
}

export type TestBusOptions = Pick<ServiceBusOptions, "queues"> &
  Partial<ServiceBusOptions> & {
    /** With it the endpoint speaks TLS and takes this identity's tokens for Service Bus only. */
    readonly identity?: Identity | undefined;
  };

/** Starts an endpoint on a free port. */
export async function startTestBus({
  identity,
  ...options
}: TestBusOptions): Promise<TestBus> {
  const home = mkdtempSync(join(tmpdir(), "service-bus-"));
  const endpoint = await startServiceBus({
    file: join(home, "service-bus.db"),
    host: "127.0.0.1",
    port: 0,
    log: () => {},
    ...(identity !== undefined && {
      tls: await trustedCertificate(),
      authorize: (token) =>
        identity.accepts(`Bearer ${token}`, [serviceBusAudience]),
    }),
    ...options,
  });
  return {
    endpoint,
    connection:
      identity === undefined
        ? { connectionString: endpoint.connectionString }
        : {
            fullyQualifiedNamespace,
            credential: identity.credential,
            customEndpointAddress: `sb://localhost:${endpoint.port}`,
          },
    async close() {
      await endpoint.close();
      rmSync(home, { recursive: true });
    },
  };
}
