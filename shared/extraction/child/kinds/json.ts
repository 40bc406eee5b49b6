import { toOneLine } from "../text.ts";
import { toTable } from "../table.ts";
import { Unreadable } from "../unreadable.ts";

const maxDepth = 100;

/**
 * JSON as lines `path: value`, and lists of flat objects as tables.
 *
 * Each line carries its whole path, so that a quoted line says by itself what its value belongs to; braces and
 * indentation would be noise to a search and lose that as soon as the text is cut into passages.
 */
export function toPathLines(value: unknown): string {
  const lines: string[] = [];
  const visit = (path: string, current: unknown, depth: number): void => {
    if (depth > maxDepth) throw new Unreadable("extraction_too_large");
    if (isRecord(current)) {
      const entries = Object.entries(current);
      if (entries.length === 0) lines.push(toLine(path, "{}"));
      for (const [key, child] of entries) {
        visit(
          path === "" ? toKey(key) : `${path}.${toKey(key)}`,
          child,
          depth + 1,
        );
      }
    } else if (Array.isArray(current)) {
      const table = flatObjectTable(current);
      if (table !== undefined) {
        lines.push("", ...(path === "" ? [] : [`${path}:`, ""]), table, "");
      } else if (current.every(isScalar)) {
        lines.push(toLine(path, current.map(showScalar).join(", ")));
      } else {
        current.forEach((child, index) => {
          visit(`${path}[${index}]`, child, depth + 1);
        });
      }
    } else {
      lines.push(toLine(path, showScalar(current)));
    }
  };
  visit("", value, 0);
  return lines.join("\n");
}

function flatObjectTable(items: readonly unknown[]): string | undefined {
  if (items.length < 2) return undefined;
  const columns = new Set<string>();
  for (const item of items) {
    if (!isRecord(item) || !Object.values(item).every(isScalar))
      return undefined;
    for (const key of Object.keys(item)) columns.add(key);
  }
  // Objects that share few keys would make a table of holes.
  if (columns.size === 0 || columns.size > 50) return undefined;
  const header = [...columns];
  const rows = items.map((item) =>
    header.map((key) => showScalar((item as Record<string, unknown>)[key])),
  );
  return toTable([header, ...rows]);
}

function toLine(path: string, value: string): string {
  return path === "" ? value : `${path}: ${value}`;
}

function toKey(key: string): string {
  return toOneLine(key);
}

function showScalar(value: unknown): string {
  if (typeof value === "string") return toOneLine(value);
  return value === undefined ? "" : JSON.stringify(value);
}

function isScalar(value: unknown): boolean {
  return typeof value !== "object" || value === null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
