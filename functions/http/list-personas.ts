import { hasRole, type Role } from "../../shared/auth/principal.ts";
import { isOpenTo } from "../../shared/personas/is-open-to.ts";
import type { PersonaDefinition } from "../../shared/personas/persona.ts";
import { toPersonaPin } from "../../shared/personas/persona-pin.ts";
import type { SecuredRoute } from "./route.ts";

/** Who submits needs to know what may be named; who authors or runs Nucleus, how it is made. */
const access: readonly Role[] = [
  "adapter",
  "author",
  "observer",
  "operator",
  "admin",
];
const makers: readonly Role[] = ["author", "operator", "admin"];

/** `GET /personas`: those that the caller's tenant may use. How they are made is for those who make them. */
export function createListPersonas({
  personas,
}: {
  readonly personas: ReadonlyMap<string, PersonaDefinition>;
}): SecuredRoute {
  return {
    name: "list-personas",
    method: "GET",
    path: "v1/personas",
    access,
    handle({ principal }) {
      const toView = hasRole(principal, makers) ? toFullView : toPublicView;
      const open = [...personas.values()].filter((persona) =>
        isOpenTo(persona, principal.tenantId),
      );
      return Promise.resolve({ jsonBody: { personas: open.map(toView) } });
    },
  };
}

function toPublicView(persona: PersonaDefinition) {
  const { personaId, version, displayName, description } = persona;
  const { responseSchema, knowledgeScope, guardrails } = persona;
  return {
    personaId,
    version,
    displayName,
    description,
    hash: toPersonaPin(persona).hash,
    responseSchema,
    knowledgeScope,
    guardrails,
  };
}

/** Other tenants' ids are nobody's business, so governance stays behind. */
function toFullView(persona: PersonaDefinition) {
  const { activation, instructions, responseGuidelines, model } = persona;
  return {
    ...toPublicView(persona),
    activation,
    instructions,
    responseGuidelines,
    model,
  };
}
