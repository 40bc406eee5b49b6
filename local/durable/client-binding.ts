/** Where a host's management API is and what it asks for. */
export interface ManagementEndpoint {
  /** The host's public origin, such as `http://127.0.0.1:7071`. */
  readonly origin: string;
  readonly hubName: string;
  readonly systemKey: string;
}

/** The path of the management API below the host's origin. */
export const managementPath = "/runtime/webhooks/durabletask";
/** The path of the same API below the loopback RPC origin. */
export const rpcPath = "/durabletask";

/** The links that a start answers with and a client hands out. `id` is an instance ID or a placeholder. */
export function managementUrls(
  endpoint: ManagementEndpoint,
  id: string,
): Record<string, string> {
  const instance = `${baseUrl(endpoint)}/instances/${id}`;
  const query = requiredQuery(endpoint);
  return {
    id,
    statusQueryGetUri: `${instance}?${query}`,
    sendEventPostUri: `${instance}/raiseEvent/{eventName}?${query}`,
    terminatePostUri: `${instance}/terminate?reason={text}&${query}`,
    rewindPostUri: `${instance}/rewind?reason={text}&${query}`,
    purgeHistoryDeleteUri: `${instance}?${query}`,
    restartPostUri: `${instance}/restart?${query}`,
    suspendPostUri: `${instance}/suspend?reason={text}&${query}`,
    resumePostUri: `${instance}/resume?reason={text}&${query}`,
  };
}

/** JSON text of the durable client binding, as the extension gives it to a function. */
export function toClientBinding(
  endpoint: ManagementEndpoint & {
    /** Loopback base of the unauthenticated API, ending in `/durabletask/`; absent: the SDK uses the public links. */
    readonly rpcBaseUrl?: string;
  },
): string {
  const code = `code=${encodeURIComponent(endpoint.systemKey)}`;
  const create = `${baseUrl(endpoint)}/orchestrators/{functionName}[/{instanceId}]?`;
  return JSON.stringify({
    taskHubName: endpoint.hubName,
    creationUrls: {
      createNewInstancePostUri: `${create}${code}`,
      createAndWaitOnNewInstancePostUri: `${create}timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}&${code}`,
    },
    managementUrls: managementUrls(endpoint, "INSTANCEID"),
    baseUrl: baseUrl(endpoint),
    requiredQueryStringParameters: code,
    ...(endpoint.rpcBaseUrl !== undefined && {
      rpcBaseUrl: endpoint.rpcBaseUrl,
    }),
  });
}

function baseUrl({ origin }: ManagementEndpoint): string {
  return `${origin.replace(/\/$/, "")}${managementPath}`;
}

function requiredQuery({ hubName, systemKey }: ManagementEndpoint): string {
  return `taskHub=${encodeURIComponent(hubName)}&connection=Storage&code=${encodeURIComponent(systemKey)}`;
}
