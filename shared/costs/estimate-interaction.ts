import type { InteractionRequest } from "../interactions/interaction-request.ts";
import type { ModelPrices } from "../personas/model-prices.ts";
import type { PersonaDefinition } from "../personas/persona.ts";
import type { PersonaModel } from "../personas/persona-model.ts";
import { interactionVersion } from "../workflow/plan.ts";
import {
  type DocumentEstimate,
  estimateDocuments,
} from "./estimate-documents.ts";
import {
  estimatePersona,
  type PersonaEstimate,
  sumCosts,
} from "./estimate-persona.ts";
import { type Range, sumRanges } from "./range.ts";

/** What an interaction would take. Retries of what fails are not counted in. */
export interface InteractionEstimate {
  readonly status: "estimated";
  readonly workflow: { readonly name: "interaction"; readonly version: string };
  /** The stages of its plan, one after the other; each does its items at the same time. */
  readonly stages: readonly {
    readonly kind: "artifacts" | "personas" | "outcome";
    readonly items: number;
  }[];
  /** What Azure bills as durable actions. */
  readonly activities: Range;
  readonly orchestrations: Range;
  readonly documentTokens: DocumentEstimate;
  readonly personas: readonly PersonaEstimate[];
  readonly inputTokens: Range;
  readonly outputTokens: Range;
  readonly costMicroUsd: Range | "unknown";
}

export type EstimateInteraction = (
  request: InteractionRequest,
  personas: readonly PersonaDefinition[],
) => Promise<InteractionEstimate>;

/** The job's own activities: its plan, its outcome, its end. And its own orchestrations: the job, its stages. */
const ownActivities: Range = { atLeast: 3, atMost: 3 };
const ownOrchestrations: Range = { atLeast: 2, atMost: 2 };

/** Says what an interaction would take, from what its request says and what the settings allow: nothing is called. */
export function createEstimateInteraction(options: {
  readonly model: PersonaModel;
  readonly prices: ModelPrices;
  readonly maxArtifactBytes: number;
}): EstimateInteraction {
  return async ({ artifactReferences, queryText, panel }, personas) => {
    const artifacts = artifactReferences.length;
    const documentTokens = estimateDocuments(
      artifactReferences,
      options.maxArtifactBytes,
    );
    const maxRounds = personas.length > 1 ? (panel?.maxRounds ?? 1) : 1;
    const estimates = await Promise.all(
      personas.map((persona) =>
        estimatePersona(options, {
          persona,
          queryText,
          documentTokens,
          maxRounds,
        }),
      ),
    );
    // What cannot be retrieved is not extracted.
    const perArtifact = { atLeast: artifacts, atMost: 2 * artifacts };
    return {
      status: "estimated",
      workflow: { name: "interaction", version: interactionVersion },
      stages: [
        { kind: "artifacts", items: artifacts },
        { kind: "personas", items: personas.length },
        { kind: "outcome", items: 1 },
      ],
      activities: sumRanges([
        ownActivities,
        perArtifact,
        ...estimates.map(({ activities }) => activities),
      ]),
      orchestrations: sumRanges([
        ownOrchestrations,
        { atLeast: artifacts, atMost: artifacts },
        ...estimates.map(({ orchestrations }) => orchestrations),
      ]),
      documentTokens,
      personas: estimates,
      inputTokens: sumRanges(estimates.map(({ inputTokens }) => inputTokens)),
      outputTokens: sumRanges(
        estimates.map(({ outputTokens }) => outputTokens),
      ),
      costMicroUsd: sumCosts(estimates.map(({ costMicroUsd }) => costMicroUsd)),
    };
  };
}
