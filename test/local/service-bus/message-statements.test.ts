import { expect, it, onTestFinished } from "vitest";
import {
  SERVICE_BUS_APPLICATION_ID,
  serviceBusMigrations,
} from "../../../local/service-bus/migrations.ts";
import { createMessageStore } from "../../../local/service-bus/message-store.ts";
import { openDatabase } from "../../../shared/storage/open-database.ts";

/** How SQLite would run each statement of the message store. */
function planStatements(): Map<string, string[]> {
  const database = openDatabase({
    file: ":memory:",
    applicationId: SERVICE_BUS_APPLICATION_ID,
    migrations: serviceBusMigrations,
  });
  onTestFinished(() => database.close());
  const plans = new Map<string, string[]>();
  const prepare = database.prepare.bind(database);
  database.prepare = (sql, ...rest) => {
    const plan = prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
    plans.set(
      sql,
      plan.map((row) => String(row["detail"])),
    );
    return prepare(sql, ...rest);
  };
  createMessageStore(database);
  return plans;
}

it("no statement reads through a table, and none sorts", () => {
  const steps = [...planStatements().values()].flat();
  expect(steps.length).toBeGreaterThan(10);
  expect(steps.filter((step) => !step.startsWith("SEARCH"))).toEqual([]);
});

it("a page of a session reads that session, not the lane", () => {
  const pages = [...planStatements()].filter(
    ([sql]) => sql.includes("session_id = ?") && sql.includes("content"),
  );
  expect(pages.map(([, plan]) => plan[0])).toEqual([
    expect.stringContaining(
      "messages_of_sessions (queue_id=? AND session_id=? AND sequence_number>?)",
    ),
  ]);
});
