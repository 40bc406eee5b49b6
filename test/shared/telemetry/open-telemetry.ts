import { onTestFinished } from "vitest";
import {
  type ApplicationInsightsOptions,
  createApplicationInsights,
} from "../../../shared/telemetry/adapters/application-insights.ts";
import { Tag } from "../../../shared/kernel/metadata.ts";
import type { Telemetry } from "../../../shared/telemetry/telemetry.ts";
import {
  type Envelope,
  type Ingestion,
  startIngestion,
} from "../../azure/ingestion.ts";

/** Application Insights' adapter and the endpoint to which it sends, for one test. */
export async function openTelemetry(
  options: Partial<ApplicationInsightsOptions> = {},
  ingestionOptions: Parameters<typeof startIngestion>[0] = {},
): Promise<{ telemetry: Telemetry; ingestion: Ingestion }> {
  const ingestion = await startIngestion(ingestionOptions);
  const telemetry = createApplicationInsights({
    connectionString: ingestion.connectionString,
    ...options,
  });
  onTestFinished(async () => {
    ingestion.refuse(undefined);
    await telemetry.close();
    await ingestion.close();
  });
  return { telemetry, ingestion };
}

/** Some piece of work, as a span. */
export function doStep(
  telemetry: Telemetry,
  work: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  return telemetry.span(
    "activity.run",
    { attributes: { "nucleus.step": Tag.parse("test"), "nucleus.item": 0 } },
    work,
  );
}

/** The requests and dependencies that were accepted. */
export function spansOf(ingestion: Ingestion): readonly Envelope[] {
  return ingestion.accepted.filter(({ data }) =>
    ["RequestData", "RemoteDependencyData"].includes(data.baseType),
  );
}

/** The accepted span of that name; throws when there is none. */
export function spanNamed(ingestion: Ingestion, name: string): SpanView {
  const found = spansOf(ingestion).find(
    ({ data }) => data.baseData.name === name,
  );
  if (found === undefined) throw new Error(`no span ${name}`);
  const { baseType, baseData } = found.data;
  return {
    table: baseType,
    type: baseData.type,
    id: baseData.id,
    traceId: found.tags["ai.operation.id"],
    parentId: found.tags["ai.operation.parentId"],
    isSuccess: baseData.success,
    properties: baseData.properties,
  };
}

interface SpanView {
  readonly table: string;
  readonly type: string | undefined;
  readonly id: string | undefined;
  readonly traceId: string | undefined;
  readonly parentId: string | undefined;
  readonly isSuccess: boolean | undefined;
  readonly properties: Readonly<Record<string, string>>;
}

/** What was accepted of a metric: its points' sums, counts and attributes. */
export function pointsOf(ingestion: Ingestion, name: string) {
  return ingestion.accepted.flatMap(({ data: { baseData } }) =>
    baseData.metrics
      .filter((metric) => metric.name === name)
      .map(({ value, count }) => ({
        value,
        count,
        attributes: baseData.properties,
      })),
  );
}
