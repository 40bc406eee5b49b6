import {
  ServiceBusAdministrationClient,
  ServiceBusClient,
  type ServiceBusClientOptions,
} from "@azure/service-bus";
import type { TokenCredential } from "@azure/identity";

/** How the app reaches its Service Bus namespace. */
export type ServiceBusConnection =
  | {
      /** With `UseDevelopmentEmulator=true` it is one of an endpoint without TLS. */
      readonly connectionString: string;
    }
  | {
      /** The namespace's host name, such as `nucleus.servicebus.windows.net`. */
      readonly fullyQualifiedNamespace: string;
      readonly credential: TokenCredential;
      /**
       * `sb://host[:port]` of a gateway in front of the namespace. Messages and administration both go there; without
       * a port each to its protocol's own (5671 and 443).
       */
      readonly customEndpointAddress?: string;
    };

/** Opens a client for messages; it connects with its first use. */
export function openMessageClient(
  connection: ServiceBusConnection,
  options: ServiceBusClientOptions,
): ServiceBusClient {
  if ("connectionString" in connection) {
    return new ServiceBusClient(connection.connectionString, options);
  }
  const { fullyQualifiedNamespace, credential } = connection;
  const { customEndpointAddress } = connection;
  return new ServiceBusClient(fullyQualifiedNamespace, credential, {
    ...options,
    ...(customEndpointAddress !== undefined && { customEndpointAddress }),
  });
}

const administrationOptions = {
  retryOptions: { maxRetries: 2, retryDelayInMs: 200, maxRetryDelayInMs: 2000 },
};

/** Opens a client for what the namespace tells about its queues. */
export function openAdministrationClient(
  connection: ServiceBusConnection,
): ServiceBusAdministrationClient {
  if (!("connectionString" in connection)) {
    return new ServiceBusAdministrationClient(
      hostOf(connection.customEndpointAddress) ??
        connection.fullyQualifiedNamespace,
      connection.credential,
      administrationOptions,
    );
  }
  const { connectionString } = connection;
  const client = new ServiceBusAdministrationClient(
    connectionString,
    administrationOptions,
  );
  if (/(^|;)\s*UseDevelopmentEmulator\s*=\s*true/i.test(connectionString)) {
    speakWithoutTls(client);
  }
  return client;
}

/** `host[:port]` of a gateway's address. */
function hostOf(address: string | undefined): string | undefined {
  return address === undefined
    ? undefined
    : /^\w+:\/\/([^/]+)/.exec(address)?.[1];
}

/** The client for messages minds `UseDevelopmentEmulator`; this one would insist on TLS. */
function speakWithoutTls({ pipeline }: ServiceBusAdministrationClient): void {
  pipeline.addPolicy(
    {
      name: "withoutTlsPolicy",
      sendRequest(request, next) {
        request.url = request.url.replace(/^https:/, "http:");
        request.allowInsecureConnection = true;
        return next(request);
      },
    },
    { beforePolicies: ["signingPolicy"] },
  );
}
