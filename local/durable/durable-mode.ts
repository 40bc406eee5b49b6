/**
 * What becomes of an orchestration that would hang for ever on Azure: `strict` fails its instance with a message that
 * says what happened, `compat` lets it hang as it does there.
 */
export const durableModes = ["strict", "compat"] as const;
export type DurableMode = (typeof durableModes)[number];
