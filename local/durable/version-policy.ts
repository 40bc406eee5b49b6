export const versionMatchStrategies = [
  "None",
  "Strict",
  "CurrentOrOlder",
] as const;
export const versionFailureStrategies = ["Reject", "Fail"] as const;

/** host.json's settings for orchestration versions. */
export interface VersionSettings {
  /** The version of what this host starts, and the one it runs. Undefined: it runs every version. */
  readonly defaultVersion: string | undefined;
  readonly matchStrategy: (typeof versionMatchStrategies)[number];
  readonly failureStrategy: (typeof versionFailureStrategies)[number];
}

/** Decides whether this host runs an instance of a version: not at all, not now, or to its failure. */
export type VersionPolicy = (
  instanceVersion: string,
) => "run" | "reject" | "fail";

/** Creates the policy of the settings. */
export function createVersionPolicy(settings: VersionSettings): VersionPolicy {
  const { defaultVersion: own, matchStrategy, failureStrategy } = settings;
  const refusal = failureStrategy === "Fail" ? "fail" : "reject";
  return (version) => {
    if (own === undefined || version === own) return "run";
    switch (matchStrategy) {
      case "None":
        return "run";
      case "Strict":
        return refusal;
      case "CurrentOrOlder":
        return compareVersions(version, own) <= 0 ? "run" : refusal;
      default:
        return matchStrategy satisfies never;
    }
  };
}

/**
 * Compares as the framework does: no version is older than any; two to four numbers with dots are compared number by
 * number, where a missing one is less than 0; everything else is compared as text, in any case.
 */
export function compareVersions(a: string, b: string): number {
  if (a === "" || b === "") return Number(a !== "") - Number(b !== "");
  const left = parseVersion(a);
  const right = parseVersion(b);
  if (left === undefined || right === undefined) {
    return compare(a.toUpperCase(), b.toUpperCase());
  }
  for (const [index, part] of left.entries()) {
    const order = compare(part, right[index] ?? -1);
    if (order !== 0) return order;
  }
  return 0;
}

function parseVersion(text: string): number[] | undefined {
  if (!/^\d{1,9}(\.\d{1,9}){1,3}$/.test(text)) return undefined;
  const parts = text.split(".").map(Number);
  return [...parts, -1, -1].slice(0, 4);
}

function compare<T extends number | string>(a: T, b: T): number {
  return a < b ? -1 : Number(a > b);
}
