import type { DatabaseSync } from "node:sqlite";
import type { RuleDefinition } from "./filters/rule-definition.ts";

/** A rule with the time at which it was made. */
export interface StoredRule extends RuleDefinition {
  readonly createdAt: number;
}

/** The rules of one subscription on disk. Writes belong inside the commit loop. */
export interface RuleStore {
  all(): StoredRule[];
  add(rule: StoredRule): void;
  remove(name: string): void;
  /** The rules that the subscription was last declared with, as text; undefined when it is new. */
  declared(): string | undefined;
  /** Replaces all rules by those that the subscription is now declared with. */
  declare(declared: string, rules: readonly StoredRule[]): void;
}

/** Prepares the statements over rules; the returned function gives the store of one subscription. */
export function createRuleStores(
  database: DatabaseSync,
): (queueId: number) => RuleStore {
  const all = database.prepare(
    "SELECT name, filter, created_at FROM rules WHERE queue_id = ? ORDER BY name",
  );
  const insert = database.prepare(
    "INSERT INTO rules (queue_id, name, filter, created_at) VALUES (?, ?, ?, ?)",
  );
  const remove = database.prepare(
    "DELETE FROM rules WHERE queue_id = ? AND name = ?",
  );
  const clear = database.prepare("DELETE FROM rules WHERE queue_id = ?");
  const declared = database.prepare(
    "SELECT declared_rules FROM queues WHERE id = ?",
  );
  const declare = database.prepare(
    "UPDATE queues SET declared_rules = ? WHERE id = ?",
  );

  return (queueId) => {
    const add = ({ name, filter, createdAt }: StoredRule): void => {
      insert.run(queueId, name, JSON.stringify(filter), createdAt);
    };
    return {
      all: () =>
        all.all(queueId).map((row) => ({
          name: String(row["name"]),
          filter: JSON.parse(String(row["filter"])) as RuleDefinition["filter"],
          createdAt: Number(row["created_at"]),
        })),
      add,
      remove: (name) => void remove.run(queueId, name),
      declared() {
        const text = declared.get(queueId)?.["declared_rules"];
        return typeof text === "string" ? text : undefined;
      },
      declare(text, rules) {
        clear.run(queueId);
        for (const rule of rules) add(rule);
        declare.run(text, queueId);
      },
    };
  };
}
