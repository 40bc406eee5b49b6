import type { Arbitrary } from "fast-check";
import { defineProgram, type Step } from "../crash-program.ts";
import { steps } from "../crash-steps.ts";
import type { SdkApp } from "./sdk-worker.ts";

export { eventNames, type Step } from "../crash-program.ts";

/** How often each flaky activity has been tried: cleared between runs that must be alike. */
export const attempts = new Map<string, number>();

export const programApp: SdkApp = defineProgram({
  count(key) {
    const attempt = (attempts.get(key) ?? 0) + 1;
    attempts.set(key, attempt);
    return attempt;
  },
});

export const step: Arbitrary<Step> = steps(20 * 24 * 3_600_000);
