import type { PersonaDefinition } from "./persona.ts";

/**
 * Whether a persona's governance opens it to a tenant; an empty list opens it to everybody.
 *
 * @param conversationId - absent where it is asked in general: then a persona of some conversations only counts as open.
 */
export function isOpenTo(
  { isEnabled, dataGovernance }: PersonaDefinition,
  tenantId: string,
  conversationId?: string,
): boolean {
  const { allowedTenantIds, allowedConversationIds } = dataGovernance;
  const allows = (list: readonly string[], id: string | undefined) =>
    list.length === 0 || id === undefined || list.includes(id);
  return (
    isEnabled &&
    allows(allowedTenantIds, tenantId) &&
    allows(allowedConversationIds, conversationId)
  );
}
