import type { Principal } from "../auth/principal.ts";
import { Content } from "../kernel/content.ts";
import type { ErrorCode } from "../kernel/errors.ts";
import type { Tag } from "../kernel/metadata.ts";
import type { PersonaDefinition } from "../personas/persona.ts";
import type { InteractionRequest } from "./interaction-request.ts";

export type CheckInteraction = (
  principal: Principal,
  request: InteractionRequest,
) => CheckedInteraction;

export type CheckedInteraction =
  | { readonly ok: true; readonly personaIds: readonly Tag[] }
  | {
      readonly ok: false;
      readonly code: ErrorCode;
      readonly details: Readonly<Record<string, unknown>>;
    };

/** Checks what a schema cannot: that the personas are open to this caller, the providers known, the callback allowed. */
export function createCheckInteraction(options: {
  readonly personas: ReadonlyMap<string, PersonaDefinition>;
  readonly defaultPersona: Tag;
  readonly referenceTypes: readonly string[];
  /** Whether an address may be called at all, as far as can be told without a look-up. */
  readonly isAllowedUrl: (url: Content) => boolean;
}): CheckInteraction {
  const { personas, defaultPersona, referenceTypes, isAllowedUrl } = options;
  return ({ tenantId }, request) => {
    const open = [...personas.values()].filter((persona) =>
      isOpenTo(persona, tenantId, request.conversationId),
    );
    const known = open.map(({ personaId }) => personaId);
    const personaIds = [...new Set(request.personaIds ?? [defaultPersona])];
    if (!personaIds.every((personaId) => known.includes(personaId)))
      return refuse("persona_unknown", { path: "personaIds", known });

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

    return { ok: true, personaIds };
  };
}

function refuse(
  code: ErrorCode,
  details: Readonly<Record<string, unknown>>,
): CheckedInteraction {
  return { ok: false, code, details };
}

/** An empty list of a persona's governance opens it to everybody. */
function isOpenTo(
  { isEnabled, dataGovernance }: PersonaDefinition,
  tenantId: Tag,
  conversationId: string,
): boolean {
  const { allowedTenantIds, allowedConversationIds } = dataGovernance;
  const allows = (list: readonly string[], id: string) =>
    list.length === 0 || list.includes(id);
  return (
    isEnabled &&
    allows(allowedTenantIds, tenantId) &&
    allows(allowedConversationIds, conversationId)
  );
}
