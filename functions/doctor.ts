import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  ConfigurationError,
  loadConfig,
  readEnvironment,
} from "../shared/kernel/config.ts";
import { createMessageAdministration } from "./clients.ts";
import { diagnose, type Finding } from "./diagnose.ts";
import { createServices } from "./services.ts";

/** What the program says on stdout, as one line of JSON. */
export type Diagnosis =
  | { readonly findings: readonly Finding[] }
  | { readonly configurationError: string };

const { values } = parseArgs({
  options: {
    "ask-model": { type: "boolean", default: false },
    /** The namespace that the settings name is a stand-in for the embedded runtime's own. */
    "own-service-bus": { type: "boolean", default: false },
  },
});

/** The app's settings and services as they are in production, looked at once: what `nucleus doctor` runs. */
console.log(JSON.stringify(await run()));

async function run(): Promise<Diagnosis> {
  try {
    const config = loadConfig();
    const services = await createServices(config, {
      root: fileURLToPath(new URL("../..", import.meta.url)),
      extractionChild: new URL("../extraction/main.js", import.meta.url),
    });
    try {
      const findings = await diagnose({
        config,
        services: {
          ...services,
          openAdministration: () =>
            createMessageAdministration(config, services.credential),
        },
        environment: readEnvironment(),
        asksModel: values["ask-model"],
        hasOwnServiceBus: values["own-service-bus"],
        now: () => performance.now(),
      });
      return { findings };
    } finally {
      await services.close();
    }
  } catch (thrown) {
    if (thrown instanceof ConfigurationError)
      return { configurationError: thrown.message };
    throw thrown;
  }
}
