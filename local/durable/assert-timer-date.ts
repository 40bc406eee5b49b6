import { OrchestrationFault } from "./orchestration-fault.ts";

/** The years that a date of .NET has: 1 to 9999. */
const FIRST_MS = Date.parse("0001-01-01T00:00:00.000Z");
const LAST_MS = Date.parse("9999-12-31T23:59:59.999Z");

/** @throws OrchestrationFault for what is no date, or one that Azure does not know. */
export function assertTimerDate(fireAt: number): void {
  if (fireAt >= FIRST_MS && fireAt <= LAST_MS) return;
  throw new OrchestrationFault(
    "The orchestrator function created a timer for no valid date: one of the years 1 to 9999 is needed.",
  );
}
