import type { TokenCredential } from "@azure/identity";
import type { IdentityKind } from "../../../shared/azure/create-credential.ts";
import type { ServiceBusConnection } from "../../../shared/messages/adapters/service-bus-connection.ts";
import type { ConnectionSettings } from "../resolve-setting.ts";

/** The connection that a binding's settings describe, for the client. */
export function toServiceBusConnection(
  settings: ConnectionSettings,
): ServiceBusConnection {
  const { connectionString } = settings;
  if (connectionString !== undefined) return { connectionString };
  const { fullyQualifiedNamespace, customEndpointAddress } = settings;
  return {
    fullyQualifiedNamespace,
    credential: createLazyCredential(settings.identity, settings.clientId),
    ...(customEndpointAddress !== undefined && { customEndpointAddress }),
  };
}

/** The libraries for signing in are heavy: most hosts never need them, and a start must not wait for them. */
function createLazyCredential(
  kind: IdentityKind,
  clientId: string | undefined,
): TokenCredential {
  let loading: Promise<TokenCredential> | undefined;
  return {
    async getToken(scopes, options) {
      loading ??= import("../../../shared/azure/create-credential.ts").then(
        ({ createCredential }) => createCredential({ kind, clientId }),
      );
      return (await loading).getToken(scopes, options);
    },
  };
}
