import { randomUUID } from "node:crypto";

type Body = Readonly<Record<string, unknown>>;

interface Attributes {
  readonly enabled: boolean;
  readonly nbf?: number;
  readonly exp?: number;
  readonly created: number;
  readonly updated: number;
}

/** A version of a secret. */
export interface Version {
  readonly version: string;
  readonly value: string;
  contentType: string | undefined;
  tags: Readonly<Record<string, string>> | undefined;
  attributes: Attributes;
}

/** A secret with its versions, oldest first. */
interface Named {
  readonly name: string;
  readonly versions: readonly Version[];
}

const maxValueBytes = 25 * 1024;
const pageSize = 25;
const retentionSeconds = 90 * 24 * 60 * 60;

/** The version that a set asks for; nothing when the service would refuse it. */
export function toVersion(body: Body): Version | undefined {
  const { value } = body;
  if (typeof value !== "string") return undefined;
  if (Buffer.byteLength(value) > maxValueBytes) return undefined;
  const version: Version = {
    version: randomUUID().replaceAll("-", ""),
    value,
    contentType: undefined,
    tags: undefined,
    attributes: { enabled: true, created: seconds(), updated: seconds() },
  };
  change(version, body);
  return version;
}

/** Applies an update of properties. */
export function change(version: Version, body: Body): void {
  const given = body as Partial<Pick<Version, "contentType" | "tags">> & {
    readonly attributes?: Partial<Attributes>;
  };
  version.contentType = given.contentType ?? version.contentType;
  version.tags = given.tags ?? version.tags;
  version.attributes = {
    ...version.attributes,
    ...given.attributes,
    updated: seconds(),
  };
}

/** A version without its value. */
export function itemOf(url: string, name: string, of: Version) {
  const { version, contentType, tags, attributes } = of;
  return {
    id: `${url}/secrets/${name}/${version}`,
    contentType,
    tags,
    attributes: { ...attributes, recoveryLevel: "Recoverable+Purgeable" },
  };
}

export function bundleOf(url: string, name: string, version: Version) {
  return { value: version.value, ...itemOf(url, name, version) };
}

export function deletedBundleOf(url: string, { name, versions }: Named) {
  const newest = versions.at(-1);
  return {
    ...(newest && itemOf(url, name, newest)),
    recoveryId: `${url}/deletedsecrets/${name}`,
    deletedDate: seconds(),
    scheduledPurgeDate: seconds() + retentionSeconds,
  };
}

interface Listed {
  readonly id: string;
  readonly version: Version;
}

/** What the list of secrets shows of them. */
export function newestOf(secrets: readonly Named[]): Listed[] {
  return secrets.flatMap(({ name, versions }) => {
    const version = versions.at(-1);
    return version ? [{ id: `secrets/${name}`, version }] : [];
  });
}

/** What the list of a secret's versions shows. */
export function versionsOf({ name, versions }: Named): Listed[] {
  return versions.map((version) => ({
    id: `secrets/${name}/${version.version}`,
    version,
  }));
}

/** One page of a list, and where the next one is. */
export function page(
  url: string,
  request: {
    readonly path: readonly string[];
    readonly query: URLSearchParams;
  },
  all: readonly Listed[],
) {
  const from = Number(request.query.get("$skiptoken") ?? 0);
  const size = Number(request.query.get("maxresults") ?? pageSize);
  const value = all.slice(from, from + size).map(({ id, version }) => ({
    ...itemOf(url, "", version),
    id: `${url}/${id}`,
  }));
  const next = new URL(`${url}/${request.path.join("/")}`);
  next.searchParams.set(
    "api-version",
    request.query.get("api-version") ?? "2026-04-01",
  );
  next.searchParams.set("$skiptoken", String(from + size));
  const nextLink = from + size < all.length ? next.href : null;
  return { value, nextLink };
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}
