import { Content } from "../../../shared/kernel/content.ts";
import { PersonaDefinition } from "../../../shared/personas/persona.ts";
import type {
  PersonaDocument,
  PersonaRequest,
} from "../../../shared/personas/persona-model.ts";

export function aPersona(
  overrides: Readonly<Record<string, unknown>> = {},
): PersonaDefinition {
  return PersonaDefinition.parse({
    personaId: "tester",
    displayName: "Tester",
    instructions: "You answer from the documents.",
    ...overrides,
  });
}

export function documents(...texts: string[]): PersonaDocument[] {
  return texts.map((text, artifactIndex) => ({
    artifactIndex,
    text: Content.fromText(text),
  }));
}

export function aRequest(
  query: string | undefined,
  ...texts: string[]
): PersonaRequest {
  return {
    persona: aPersona(),
    query: query === undefined ? undefined : Content.fromText(query),
    documents: documents(...texts),
  };
}

export function never(): AbortSignal {
  return new AbortController().signal;
}
