import type { Settings } from "./resolve-setting.ts";

interface Tree {
  [key: string]: unknown;
}

/** An app setting that stands for a value of host.json. */
interface Override {
  readonly setting: string;
  /** The names on the way to the value. */
  readonly path: readonly string[];
  readonly value: string;
}

export interface OverriddenHostJson {
  readonly value: unknown;
  /** The app setting that a value came from; undefined when it stands in the file. */
  settingOf(path: readonly PropertyKey[]): string | undefined;
}

/**
 * Lays app settings such as `AzureFunctionsJobHost__extensions__http__routePrefix` over host.json. As in .NET's
 * configuration, `:` stands for `__`, names are found in any case, elements of an array by their index, every value is
 * a text, null is no value, and a section is not replaced by a text.
 *
 * @param content what the file holds.
 * @param knownNames the names as this host spells them.
 */
export function overrideHostJson(
  content: unknown,
  settings: Settings,
  knownNames: readonly string[],
): OverriddenHostJson {
  if (!isTree(content)) return { value: content, settingOf: () => undefined };
  const names = new Map(knownNames.map((name) => [name.toLowerCase(), name]));
  const value = toTree(content, names);
  const overrides = readOverrides(settings);
  for (const override of overrides) setValue(value, override, names);
  return {
    value,
    settingOf(path) {
      const wanted = toKey(path);
      return overrides.findLast((override) => toKey(override.path) === wanted)
        ?.setting;
    },
  };
}

function readOverrides(settings: Settings): Override[] {
  return Object.entries(settings).flatMap(([setting, value]) => {
    const [root, ...path] = setting.split(/__|:/);
    return root?.toLowerCase() === "azurefunctionsjobhost" &&
      path.length > 0 &&
      value !== undefined
      ? [{ setting, path, value }]
      : [];
  });
}

function setValue(
  root: Tree,
  { path, value }: Override,
  names: ReadonlyMap<string, string>,
): void {
  let tree = root;
  for (const name of path.slice(0, -1)) {
    const key = findKey(tree, name, names);
    const inner = tree[key];
    const next = isTree(inner) ? inner : {};
    tree[key] = next;
    tree = next;
  }
  const last = findKey(tree, path.at(-1) ?? "", names);
  if (!isTree(tree[last])) tree[last] = value;
}

function findKey(
  tree: Tree,
  name: string,
  names: ReadonlyMap<string, string>,
): string {
  const wanted = name.toLowerCase();
  const own = Object.keys(tree).find((key) => key.toLowerCase() === wanted);
  return own ?? names.get(wanted) ?? name;
}

/** A copy with the names as this host spells them, arrays by their indexes, and without nulls. */
function toTree(content: object, names: ReadonlyMap<string, string>): Tree {
  const tree = Object.create(null) as Tree;
  for (const [key, value] of Object.entries(content)) {
    if (value === null) continue;
    tree[names.get(key.toLowerCase()) ?? key] =
      typeof value === "object" ? toTree(value as object, names) : value;
  }
  return tree;
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null;
}

function toKey(path: readonly PropertyKey[]): string {
  return path.map((name) => String(name).toLowerCase()).join("\n");
}
