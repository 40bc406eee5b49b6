import { ConfigurationError } from "../shared/kernel/config.ts";
import { PersonaInvalid } from "../shared/personas/parse-persona.ts";

/** Names the setting in what its parser says of it. */
export function setting<T>(name: string, parse: () => T): T {
  try {
    return parse();
  } catch (thrown) {
    const isExplained =
      thrown instanceof RangeError || thrown instanceof PersonaInvalid;
    const reason = isExplained ? thrown.message : "malformed";
    throw new ConfigurationError(
      `Setting ${name}: ${reason}. See docs/configuration.md.`,
    );
  }
}
