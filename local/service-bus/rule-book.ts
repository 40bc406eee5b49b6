import { compileRule, type Matches } from "./filters/compile-rule.ts";
import {
  defaultRule,
  FilterException,
  type FilterSubject,
  type RuleDefinition,
} from "./filters/rule-definition.ts";
import type { RuleStore, StoredRule } from "./rule-store.ts";

/** The rules of one subscription. */
export interface RuleBook {
  all(): readonly StoredRule[];
  /** False when there is a rule of that name. @throws MalformedFilter */
  add(rule: RuleDefinition): boolean;
  /** False when there is no rule of that name. */
  remove(name: string): boolean;
  /** Whether one of the rules lets the message in, and why one of them could not be evaluated. */
  match(subject: FilterSubject): RuleMatch;
}

export interface RuleMatch {
  readonly isMatch: boolean;
  readonly failure: string | undefined;
}

interface ReadyRule {
  readonly rule: StoredRule;
  readonly matches: Matches;
}

/**
 * Opens the rules of a subscription. Clients may change them; those of the declaration come back when the declaration
 * changes. Call it inside the commit loop.
 *
 * @throws MalformedFilter for a declared rule that cannot work.
 */
export function openRuleBook(options: {
  readonly store: RuleStore;
  readonly declared: readonly RuleDefinition[] | undefined;
  readonly now: () => number;
}): RuleBook {
  const { store, now } = options;
  const declared = options.declared ?? [defaultRule];
  const text = JSON.stringify(declared);
  for (const rule of declared) compileRule(rule);
  if (store.declared() !== text) {
    const createdAt = now();
    store.declare(
      text,
      declared.map((rule) => ({ ...rule, createdAt })),
    );
  }
  const rules = new Map<string, ReadyRule>();
  const enter = (rule: StoredRule): void => {
    rules.set(rule.name.toLowerCase(), { rule, matches: compileRule(rule) });
  };
  for (const rule of store.all()) enter(rule);

  return {
    all: () => [...rules.values()].map(({ rule }) => rule),
    add({ name, filter }) {
      const rule = { name, filter, createdAt: now() };
      compileRule(rule);
      if (rules.has(name.toLowerCase())) return false;
      store.add(rule);
      enter(rule);
      return true;
    },
    remove(name) {
      if (!rules.delete(name.toLowerCase())) return false;
      store.remove(name);
      return true;
    },
    match(subject) {
      let isMatch = false;
      let failure: string | undefined;
      for (const { matches } of rules.values()) {
        try {
          isMatch = matches(subject) || isMatch;
        } catch (error) {
          if (!(error instanceof FilterException)) throw error;
          failure = error.message;
        }
      }
      return { isMatch, failure };
    },
  };
}
