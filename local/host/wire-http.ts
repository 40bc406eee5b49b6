import type {
  CatalogedFunction,
  FunctionSummary,
} from "./function-catalogue.ts";
import { isDisabled, toSummary } from "./function-catalogue.ts";
import { readHostKeys } from "./host-keys.ts";
import type { HostKeys } from "./host-keys.ts";
import { readBodyLimit } from "./host-settings.ts";
import { allowOrigins } from "./http/allow-origins.ts";
import { createAuthorize } from "./http/authorize.ts";
import type { HttpHandler } from "./http/listen-http.ts";
import { createServeAdmin } from "./http/serve-admin.ts";
import { createServeFunctions } from "./http/serve-functions.ts";
import { createServeHost } from "./http/serve-host.ts";
import { createServeKeys } from "./http/serve-keys.ts";
import type { Management } from "./http/serve-management.ts";
import type { Invoker } from "./invoker.ts";
import type { Trigger } from "./triggers/trigger.ts";
import type { WireAppOptions } from "./wire-app.ts";

/** The app's parts that its HTTP door leads to. */
export interface WireHttpDeps {
  readonly functions: readonly CatalogedFunction[];
  readonly hubName: string;
  readonly management: Management;
  readonly invoker: Invoker;
  readonly triggers: readonly Trigger[];
}

export interface WiredHttp {
  readonly serve: HttpHandler;
  readonly summaries: readonly FunctionSummary[];
  readonly keys: HostKeys;
}

/** Puts the public door's parts together. @throws HostStartError for a route, a key file or a setting that is malformed. */
export function wireHttp(
  { foundation, hostJson, home, systemKey, cors, loaded }: WireAppOptions,
  { functions, hubName, management, invoker, triggers }: WireHttpDeps,
): WiredHttp {
  const { settings, supervisor, httpUrl } = foundation;
  const { http } = hostJson.extensions;
  const names = functions.map(({ name }) => name);
  const keys = readHostKeys(home, names);
  const knownNames = new Set(names.map((name) => name.toLowerCase()));
  const disabled = new Set(names.filter((name) => isDisabled(name, settings)));
  const authorize = createAuthorize(keys);
  const summaries = functions.map((called) =>
    toSummary(called, http.routePrefix, settings),
  );
  const serve = createServeHost({
    management,
    authorize,
    systemKey,
    serveKeys: createServeKeys({
      keys,
      durableKey: systemKey,
      hasFunction: (name) => knownNames.has(name.toLowerCase()),
    }),
    serveAdmin: createServeAdmin({
      functions,
      summaries,
      triggers,
      hostId: hubName.toLowerCase(),
      httpUrl,
      workerPids: supervisor.workerPids,
    }),
    serveFunctions: createServeFunctions({
      functions: functions.filter(
        ({ triggerType }) => triggerType === "httpTrigger",
      ),
      routePrefix: http.routePrefix,
      maxOutstandingRequests: http.maxOutstandingRequests,
      customHeaders: http.customHeaders,
      bodyLimitBytes: readBodyLimit(settings),
      streamsHttp: loaded.httpPort !== undefined,
      isDisabled: (name) => disabled.has(name),
      invoker,
      authorize,
    }),
  });
  return { serve: allowOrigins(serve, cors), summaries, keys };
}
