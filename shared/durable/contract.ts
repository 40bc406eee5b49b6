import type { z } from "zod";
import {
  type ErrorCode,
  errorCatalogue,
  errorCodes,
  NucleusError,
} from "../kernel/errors.ts";
import type { MetadataOnly } from "../kernel/metadata.ts";

/** The name, input and output of an activity or orchestrator: what orchestrators know of it, and what history holds. */
export interface Contract<I extends z.ZodType, O extends z.ZodType> {
  readonly name: string;
  readonly input: I;
  readonly output: O;
}

type IfMetadata<S extends z.ZodType> =
  z.output<S> extends MetadataOnly<z.output<S>> ? unknown : never;

/** Declares a contract. Inputs and outputs are metadata, or it does not compile: history keeps them for good. */
export function defineContract<
  I extends z.ZodType,
  O extends z.ZodType,
>(contract: {
  readonly name: string;
  readonly input: I & IfMetadata<I>;
  readonly output: O & IfMetadata<O>;
}): Contract<I, O> {
  return contract;
}

/**
 * What an activity returns. Permanent failures are values: retry options have no predicate, so whatever is thrown is
 * retried.
 */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: ErrorCode };

/** No value above this enters history (DESIGN §12), the plan apart. */
const maxHistoryBytes = 8 * 1024;

/**
 * Wraps an activity's work: input and output pass their schemas, a permanent failure becomes a value, a transient one
 * is thrown with nothing but its code, and any other error's text stays behind.
 */
export function toActivityHandler<I extends z.ZodType, O extends z.ZodType>(
  contract: Contract<I, O>,
  work: (input: z.output<I>) => Promise<z.output<O>>,
): (input: unknown) => Promise<Outcome<z.output<O>>> {
  return async (input) => {
    try {
      const value = contract.output.parse(
        await work(contract.input.parse(input)),
      );
      if (JSON.stringify(value).length > maxHistoryBytes) {
        throw new NucleusError("step_failed");
      }
      return { ok: true, value };
    } catch (thrown) {
      if (!(thrown instanceof NucleusError)) throw new NucleusError("internal");
      if (thrown.retryable) throw thrown;
      return { ok: false, code: thrown.code };
    }
  };
}

const codePattern = new RegExp(`\\b(${errorCodes.join("|")}): `);

/**
 * The code of a failed task. Classes do not survive the activity boundary; the catalogue's code at the head of the
 * message does.
 */
export function toErrorCode(thrown: unknown): ErrorCode {
  const message = thrown instanceof Error ? thrown.message : "";
  const code = codePattern.exec(message)?.[1];
  return code !== undefined && code in errorCatalogue
    ? (code as ErrorCode)
    : "step_failed";
}
