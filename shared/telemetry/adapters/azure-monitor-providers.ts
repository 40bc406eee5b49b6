import { setTimeout as sleep } from "node:timers/promises";
import type { TokenCredential } from "@azure/identity";
import { TelemetryClientProvider } from "applicationinsights/out/src/shim/telemetryClientProvider.js";
import { ConfigurationManager } from "../../../node_modules/@azure/monitor-opentelemetry-exporter/dist/commonjs/_configuration/configurationManager.js";

export interface AzureMonitorOptions {
  readonly connectionString: string;
  /** Signs in to the ingestion endpoint; absent: the connection string's key is enough. */
  readonly credential?: TokenCredential | undefined;
  readonly samplingRatio: number;
  readonly roleName: string;
  /** Ended spans that may wait to be sent; what comes beyond is dropped. */
  readonly maxQueuedSpans: number;
}

/** The SDK's tracer, meter and logger, of which nothing in the process knows but who holds them. */
export interface AzureMonitorProviders {
  readonly tracer: ReturnType<TelemetryClientProvider["getTracer"]>;
  readonly meter: ReturnType<TelemetryClientProvider["getMeter"]>;
  readonly logger: ReturnType<TelemetryClientProvider["getLogger"]>;
  flush(): Promise<void>;
  /** Sends what is waiting, but no longer than that. */
  shutdown(limitMs: number): Promise<void>;
}

const scope = "nucleus";

/**
 * Opens the SDK of Application Insights for what Nucleus records itself, and for nothing else.
 *
 * A1. `applicationinsights`' isolated providers are used, not `useAzureMonitor()` or a client's default: those patch
 *     modules, watch the console and exceptions, probe the machine's metadata endpoint, and always bridge the Azure
 *     SDKs' own spans, which hold the URLs of blobs and secrets.
 * A2. It contacts the connection string's endpoint only: neither statistics about the SDK (statsbeat) nor its remote
 *     configuration, which each exporter begins to poll when it is made.
 * A3. It writes no file: what the endpoint does not take is tried again for a while and dropped.
 */
export function openAzureMonitor(
  options: AzureMonitorOptions,
): AzureMonitorProviders {
  const { connectionString, credential, samplingRatio, roleName } = options;
  const providers = withEnvironment(
    {
      APPLICATION_INSIGHTS_NO_STATSBEAT: "true",
      APPLICATIONINSIGHTS_OPENTELEMETRY_RESOURCE_METRIC_DISABLED: "true",
      OTEL_BSP_MAX_QUEUE_SIZE: String(options.maxQueuedSpans),
    },
    () =>
      new TelemetryClientProvider({
        azureMonitorExporterOptions: {
          connectionString,
          disableOfflineStorage: true,
          ...(credential && { credential }),
        },
        samplingRatio,
        resource: toResource({ "service.name": roleName }),
      }),
  );
  ConfigurationManager.getInstance().shutdown();
  return {
    tracer: providers.getTracer(scope),
    meter: providers.getMeter(scope),
    logger: providers.getLogger(scope),
    flush: () => providers.flush(),
    shutdown: (limitMs) =>
      Promise.race([
        providers.shutdown(),
        sleep(limitMs, undefined, { ref: false }),
      ]),
  };
}

type Resource = NonNullable<
  ConstructorParameters<typeof TelemetryClientProvider>[0]["resource"]
>;

/** What telemetry is of; no detector adds to it. */
function toResource(attributes: Readonly<Record<string, string>>): Resource {
  const resource: Resource = {
    attributes,
    merge: () => resource,
    getRawAttributes: () => Object.entries(attributes),
  };
  return resource;
}

/** These switches of the SDK have no other door. It reads them while it is built; then they are as they were. */
function withEnvironment<T>(
  settings: Readonly<Record<string, string>>,
  build: () => T,
): T {
  // oxlint-disable-next-line node/no-process-env -- written for the SDK, nothing is read from it
  const environment = process.env;
  const names = Object.keys(settings);
  const before = names.map((name) => [name, environment[name]] as const);
  Object.assign(environment, settings);
  try {
    return build();
  } finally {
    for (const [name, value] of before)
      if (value === undefined) Reflect.deleteProperty(environment, name);
      else environment[name] = value;
  }
}
