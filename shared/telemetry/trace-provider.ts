import type { ArtifactProvider } from "../artifacts/artifact-provider.ts";
import { Tag } from "../kernel/metadata.ts";
import type { Telemetry } from "./telemetry.ts";

/** An artifact provider, with a span until its source answers; the bytes' time is the activity's. */
export function traceProvider(
  provider: ArtifactProvider,
  telemetry: Telemetry,
): ArtifactProvider {
  const attributes = {
    "nucleus.artifact.provider": Tag.parse(provider.referenceType),
  };
  return {
    ...provider,
    open: (request) =>
      telemetry.span("artifact.open", { attributes }, () =>
        provider.open(request),
      ),
  };
}
