import type { DatabaseSync, StatementSync } from "node:sqlite";
import { isFatalSqliteError } from "./sqlite-failure.ts";

/**
 * Reports, from every statement that is prepared from now on, that the database itself has failed: a page cannot be read, the
 * disk is full. `onFatal` hears of it before the caller does, for whom it may look like one failed operation although
 * it is a part of a transaction that is missing.
 */
export function watchDatabase(
  database: DatabaseSync,
  onFatal: (error: unknown) => void,
): void {
  const watched =
    <Given extends unknown[], Result>(
      operation: (...given: Given) => Result,
    ): ((...given: Given) => Result) =>
    (...given) => {
      try {
        return operation(...given);
      } catch (error) {
        if (isFatalSqliteError(error)) onFatal(error);
        throw error;
      }
    };
  const watchStatement = (statement: StatementSync): StatementSync =>
    Object.assign(statement, {
      run: watched(statement.run.bind(statement)),
      get: watched(statement.get.bind(statement)),
      all: watched(statement.all.bind(statement)),
    });
  const prepare = watched(database.prepare.bind(database));
  database.exec = watched(database.exec.bind(database));
  database.prepare = (...given) => watchStatement(prepare(...given));
}
