import type { DatabaseSync } from "node:sqlite";

/** "NuDo": what the file is. */
export const documentsApplicationId = 0x4e75446f;

/** Ordered so that one tenant's documents of one kind lie together. */
export const documentsMigrations = [
  `CREATE TABLE documents (
     tenant_id TEXT NOT NULL,
     kind TEXT NOT NULL,
     scope TEXT NOT NULL,
     id TEXT NOT NULL,
     schema_version INTEGER NOT NULL,
     etag TEXT NOT NULL,
     expires_at INTEGER,
     body TEXT NOT NULL,
     PRIMARY KEY (tenant_id, kind, scope, id)
   );
   CREATE INDEX documents_expiring ON documents (expires_at) WHERE expires_at IS NOT NULL;`,
];

/** `DocumentIndexes` of any registry. */
type FieldIndexes = Readonly<
  Record<string, readonly (readonly string[])[] | undefined>
>;

const fieldIndexPrefix = "documents_by_";

/** A top-level field as an SQL expression; indices and queries must write it alike to meet. `field` is an identifier. */
export function fieldExpression(field: string): string {
  if (!/^\w+$/.test(field)) throw new TypeError("not a field name");
  return `json_extract(body, '$.${field}')`;
}

/** Makes the file's field indices those that `indexes` declares; a large store takes seconds when one is new. */
export function alignIndexes(
  database: DatabaseSync,
  indexes: FieldIndexes,
): void {
  const declared = new Map(
    Object.entries(indexes).flatMap(([kind, lists]) =>
      (lists ?? []).map((fields): [string, string] => {
        const name = `${fieldIndexPrefix}${[kind, ...fields].join("_")}`;
        return [name, indexOn(name, kind, fields)];
      }),
    ),
  );
  const existing = namesOfFieldIndexes(database);
  const stale = [...existing].filter((name) => !declared.has(name));
  const missing = [...declared].filter(([name]) => !existing.has(name));
  if (stale.length + missing.length === 0) return;
  database.exec("BEGIN IMMEDIATE");
  for (const name of stale) database.exec(`DROP INDEX IF EXISTS "${name}"`);
  for (const [, create] of missing) database.exec(create);
  database.exec("COMMIT");
}

function indexOn(
  name: string,
  kind: string,
  fields: readonly string[],
): string {
  const columns = ["tenant_id", ...fields.map(fieldExpression), "id", "scope"];
  return `CREATE INDEX IF NOT EXISTS "${name}" ON documents (${columns.join(", ")}) WHERE kind = '${kind}'`;
}

function namesOfFieldIndexes(database: DatabaseSync): Set<string> {
  const rows = database
    .prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'index' AND substr(name, 1, ?) = ?",
    )
    .all(fieldIndexPrefix.length, fieldIndexPrefix);
  return new Set(rows.map((row) => String(row["name"])));
}
