import { onTestFinished } from "vitest";
import type { Principal } from "../../../shared/auth/principal.ts";
import {
  createTokenVerifier,
  type TokenVerifierOptions,
} from "../../../shared/auth/token-verifier.ts";
import { NucleusError } from "../../../shared/kernel/errors.ts";
import { contosoId, startEntra } from "../../azure/entra.ts";

export const startMs = Date.parse("2026-11-22T10:00:00Z");

/** An issuer of many tenants, and a verifier that knows Contoso only, both at the test's time. */
export async function openEntra(options: Partial<TokenVerifierOptions> = {}) {
  const clock = { nowMs: startMs };
  const now = (): number => clock.nowMs;
  const entra = await startEntra({ now });
  onTestFinished(() => entra.close());
  const verifier = createTokenVerifier({
    issuer: entra.issuer,
    audience: "api://nucleus",
    jwks: entra.jwksUrl,
    tenants: [contosoId],
    now,
    ...options,
  });
  const verify = (token: string): Promise<Principal> =>
    verifier.verify(`Bearer ${token}`);

  return {
    clock,
    entra,
    verifier,
    verify,
    /** `ok`, or the code with which a token is refused. */
    outcome: async (token: string | Promise<string>): Promise<string> => {
      try {
        await verify(await token);
        return "ok";
      } catch (thrown) {
        if (thrown instanceof NucleusError) return thrown.code;
        throw thrown;
      }
    },
  };
}
