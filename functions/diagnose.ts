import type { TokenVerifier } from "../shared/auth/token-verifier.ts";
import {
  describeIdentity,
  type IdentityEnvironment,
} from "../shared/azure/describe-identity.ts";
import { azureRoles } from "../shared/kernel/azure-roles.ts";
import type { Config } from "../shared/kernel/config.ts";
import { Content } from "../shared/kernel/content.ts";
import { errorCatalogue, NucleusError } from "../shared/kernel/errors.ts";
import type {
  MessageAdministration,
  QueueCounts,
} from "../shared/messages/message-administration.ts";
import type { PersonaModel } from "../shared/personas/persona-model.ts";
import type { PersonaDefinition } from "../shared/personas/persona.ts";
import { type Dependencies, runProbe, toProbes } from "./probes.ts";

/** What is known of one port after a look at it. */
export interface Finding {
  readonly port: string;
  /** Which adapter the settings chose. */
  readonly adapter: string;
  /** Where it leads: an address or a folder, as the settings say it. */
  readonly place: string;
  readonly outcome: "ok" | "failed" | "not asked";
  readonly durationMs: number;
  /** What is wrong, and how to mend it; of what answers, what else it said. */
  readonly advice?: string;
}

export interface DiagnosisServices extends Dependencies {
  readonly verifier: TokenVerifier;
  readonly model: PersonaModel;
  readonly personas: ReadonlyMap<string, PersonaDefinition>;
  readonly providers: ReadonlyMap<string, unknown>;
  readonly openAdministration: () => Promise<MessageAdministration>;
}

export interface DiagnosisOptions {
  readonly config: Config;
  readonly services: DiagnosisServices;
  readonly environment: IdentityEnvironment;
  /** Lets the model answer, which may cost something. */
  readonly asksModel: boolean;
  /** The embedded runtime has its own Service Bus, which runs only while the app does. */
  readonly hasOwnServiceBus: boolean;
  readonly now: () => number;
}

/** Longer than a probe of a running app may take: a first sign-in tries several ways. */
const timeoutMs = 30_000;

interface Check extends Pick<Finding, "port" | "adapter" | "place"> {
  /** Absent: there is nothing to ask, or it is not wanted. */
  readonly probe?: () => Promise<unknown>;
  /** What a probe found out that is worth telling. */
  readonly tell?: () => string;
  /** Said of a check without a probe. */
  readonly note?: string;
}

/** Looks at each port: which adapter it has, whether that answers, and what to do when it does not. */
export async function diagnose(
  options: DiagnosisOptions,
): Promise<readonly Finding[]> {
  const { now } = options;
  return Promise.all(
    toChecks(options).map(async ({ probe, tell, note, ...known }) => {
      if (probe === undefined)
        return {
          ...known,
          outcome: "not asked",
          durationMs: 0,
          ...(note !== undefined && { advice: note }),
        };
      const startedAtMs = now();
      const failure = await runProbe(probe, timeoutMs);
      return {
        ...known,
        durationMs: Math.round(now() - startedAtMs),
        ...(failure === undefined
          ? { outcome: "ok", ...(tell && { advice: tell() }) }
          : { outcome: "failed", advice: toAdvice(failure) }),
      };
    }),
  );
}

function toChecks(options: DiagnosisOptions): readonly Check[] {
  const { config, services } = options;
  const probes = toProbes(services);
  const inDataDir = (name: string) => `${config.DATA_DIR ?? ""}/${name}`;
  return [
    {
      port: "identity",
      adapter: config.IDENTITY,
      place: describeIdentity(
        { kind: config.IDENTITY, clientId: config.AZURE_CLIENT_ID },
        options.environment,
      ),
      note: usesIdentity(config)
        ? "The services below show whether it works."
        : "No service of Azure is configured.",
    },
    {
      port: "documents",
      adapter: config.STORAGE,
      place:
        config.STORAGE === "cosmos"
          ? `${config.COSMOS_ENDPOINT} ${config.COSMOS_DATABASE}/${config.COSMOS_CONTAINER}`
          : inDataDir("documents.db"),
      probe: probes.documents,
    },
    {
      port: "vault",
      adapter: config.VAULT,
      place:
        config.VAULT === "blob"
          ? `${config.VAULT_BLOB_URL}/${config.VAULT_CONTAINER}`
          : inDataDir("vault"),
      probe: probes.vault,
    },
    {
      port: "keys",
      adapter: config.KEYS,
      place:
        config.KEYS === "blob"
          ? `${config.KEYS_BLOB_URL}/${config.KEYS_CONTAINER}`
          : inDataDir("keys.db"),
      probe: () => checkKeys(services),
    },
    {
      port: "secrets",
      adapter: config.SECRETS,
      place:
        config.SECRETS === "key-vault"
          ? `${config.KEY_VAULT_URL}`
          : inDataDir("secrets"),
      probe: probes.secrets,
    },
    toMessagesCheck(options, probes.serviceBus),
    {
      port: "sign-in",
      adapter: /^https:/i.test(config.AUTH_JWKS) ? "issuer's keys" : "key set",
      place: config.AUTH_ISSUER,
      probe: () => services.verifier.ping(),
    },
    toModelCheck(options),
    {
      port: "artifacts",
      adapter: [...services.providers.keys()].join(", "),
      place: "where each reference says",
    },
    {
      port: "telemetry",
      adapter:
        config.APPLICATIONINSIGHTS_CONNECTION_STRING === undefined
          ? "none"
          : "application-insights",
      place: ingestionOf(config),
    },
  ];
}

/** Whether keys can be read and, once deleted, are gone. */
async function checkKeys({ keys }: DiagnosisServices): Promise<void> {
  const keepers = await keys.check();
  if (keepers.length > 0) throw new NucleusError("keys_not_shreddable");
}

function toMessagesCheck(
  { config, services, hasOwnServiceBus }: DiagnosisOptions,
  probe: () => Promise<unknown>,
): Check {
  const namespace = config.ServiceBusConnection__fullyQualifiedNamespace;
  const common = { port: "messages", adapter: "service-bus" };
  if (hasOwnServiceBus)
    return {
      ...common,
      place: "the embedded runtime's own endpoint",
      note: "It runs while npm start does.",
    };
  let counts: readonly QueueCounts[] = [];
  return {
    ...common,
    place: namespace ?? endpointOf(config.ServiceBusConnection ?? ""),
    probe: async () => {
      await probe();
      counts = await (await services.openAdministration()).counts();
    },
    tell: () =>
      counts
        .map(
          ({ queue, active, scheduled, deadLettered }) =>
            `${queue}: ${active} active, ${scheduled} scheduled, ${deadLettered} dead-lettered.`,
        )
        .join(" "),
  };
}

function toModelCheck({
  config,
  services,
  asksModel,
}: DiagnosisOptions): Check {
  const places = {
    extractive: "this process",
    "openai-compatible": `${config.MODEL_BASE_URL} ${config.MODEL_NAME}`,
    "azure-openai": `${config.AZURE_OPENAI_ENDPOINT} ${config.MODEL_NAME}`,
  } as const satisfies Record<Config["MODEL"], string>;
  const check = {
    port: "model",
    adapter: config.MODEL,
    place: places[config.MODEL],
  };
  return asksModel || config.MODEL === "extractive"
    ? { ...check, probe: () => askModel(services) }
    : {
        ...check,
        note: "--ask-model lets it answer; that may cost something.",
      };
}

/** The shortest question that shows whether a model answers. */
async function askModel({ model, personas }: DiagnosisServices): Promise<void> {
  const [persona] = personas.values();
  if (persona === undefined) throw new NucleusError("persona_unknown");
  const query = Content.fromText("Is there a document?");
  await model.answer(
    { persona, query, documents: [] },
    AbortSignal.timeout(timeoutMs),
  );
}

function usesIdentity(config: Config): boolean {
  return (
    [config.STORAGE, config.VAULT, config.KEYS, config.SECRETS].some(
      (adapter) => ["cosmos", "blob", "key-vault"].includes(adapter),
    ) ||
    config.MODEL === "azure-openai" ||
    config.ServiceBusConnection__fullyQualifiedNamespace !== undefined ||
    config.ARTIFACT_BLOB_SOURCES !== ""
  );
}

/** The one part of a connection string that is no secret. */
function endpointOf(connectionString: string): string {
  return /Endpoint=([^;]+)/i.exec(connectionString)?.[1] ?? "";
}

function ingestionOf(config: Config): string {
  const text = config.APPLICATIONINSIGHTS_CONNECTION_STRING ?? "";
  return /IngestionEndpoint=([^;]+)/i.exec(text)?.[1] ?? "nowhere";
}

function toAdvice({ code, deniedBy }: NucleusError): string {
  const { message, action } = errorCatalogue[code];
  if (deniedBy === undefined) return `${message} ${action}`;
  const { name, roleId, scope } = azureRoles[deniedBy];
  return `${message} Assign it the role "${name}" (${roleId}) on ${scope}; that takes effect within minutes.`;
}
