import type { Principal } from "../auth/principal.ts";
import { Content } from "../kernel/content.ts";
import type { ErrorCode } from "../kernel/errors.ts";
import { isActivated } from "../personas/activation.ts";
import { isOpenTo } from "../personas/is-open-to.ts";
import type { PersonaDefinition } from "../personas/persona.ts";
import { maxPersonas } from "../workflow/plan.ts";
import type { InteractionRequest } from "./interaction-request.ts";

export type CheckInteraction = (
  principal: Principal,
  request: InteractionRequest,
) => CheckedInteraction;

export type CheckedInteraction =
  | {
      readonly outcome: "accepted";
      readonly personas: readonly PersonaDefinition[];
    }
  /** Nothing is wrong with it, and no persona's rules choose it. */
  | { readonly outcome: "ignored"; readonly code: "interaction_ignored" }
  | {
      readonly outcome: "refused";
      readonly code: ErrorCode;
      readonly details: Readonly<Record<string, unknown>>;
    };

/**
 * Checks what a schema cannot: that the personas are open to this caller, the providers known, the callback allowed. An
 * interaction that names no persona gets those whose activation rules choose it, at most ten, in the catalogue's order.
 */
export function createCheckInteraction(options: {
  readonly personas: ReadonlyMap<string, PersonaDefinition>;
  readonly referenceTypes: readonly string[];
  /** Whether an address may be called at all, as far as can be told without a look-up. */
  readonly isAllowedUrl: (url: Content) => boolean;
}): CheckInteraction {
  const { personas, referenceTypes, isAllowedUrl } = options;
  return ({ tenantId }, request) => {
    const open = [...personas.values()].filter((persona) =>
      isOpenTo(persona, tenantId, request.conversationId),
    );
    const named = [...new Set(request.personaIds)];
    const unknown = named.filter(
      (id) => !open.some(({ personaId }) => personaId === id),
    );
    if (unknown.length > 0)
      return refuse("persona_unknown", {
        path: "personaIds",
        unknown,
        known: open.map(({ personaId }) => personaId),
      });

    const stranger = request.artifactReferences.findIndex(
      ({ referenceType }) => !referenceTypes.includes(referenceType),
    );
    if (stranger >= 0)
      return refuse("provider_unknown", {
        path: `artifactReferences[${stranger}].referenceType`,
        known: referenceTypes,
      });

    const { callbackUrl } = request;
    if (
      callbackUrl !== undefined &&
      !isAllowedUrl(Content.fromText(callbackUrl))
    )
      return refuse("url_refused", { path: "callbackUrl" });

    const chosen =
      request.personaIds === undefined
        ? choose(open, request)
        : named.flatMap((id) => personas.get(id) ?? []);
    return chosen.length === 0
      ? { outcome: "ignored", code: "interaction_ignored" }
      : { outcome: "accepted", personas: chosen };
  };
}

function choose(
  open: readonly PersonaDefinition[],
  request: InteractionRequest,
): PersonaDefinition[] {
  const facts = {
    ...request,
    artifacts: request.artifactReferences,
    hasQuery: request.queryText !== undefined,
  };
  return open
    .filter(({ activation }) => isActivated(activation, facts))
    .slice(0, maxPersonas);
}

function refuse(
  code: ErrorCode,
  details: Readonly<Record<string, unknown>>,
): CheckedInteraction {
  return { outcome: "refused", code, details };
}
