import { NucleusError } from "../../kernel/errors.ts";
import { Tag } from "../../kernel/metadata.ts";

/** A container that jobs of a tenant may read from. */
export interface BlobSource {
  readonly tenantId: Tag;
  /** `https://{account}.blob.core.windows.net/{container}`, or the like of another cloud. */
  readonly containerUrl: string;
}

/** A blob within a source. */
export interface BlobAddress {
  readonly source: BlobSource;
  readonly name: string;
  /** One version or one snapshot of it; the newest unless given. */
  readonly versionId?: string;
  readonly snapshot?: string;
}

const containerName = /^(?:\$root|\$web|[a-z0-9](?:-?[a-z0-9]){2,62})$/;
/** Versions and snapshots are named by their time, to a tenth of a microsecond. */
const pointInTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/;
const maxNameLength = 1024;

/**
 * Reads the setting `ARTIFACT_BLOB_SOURCES`: a comma list of `tenantId=containerUrl`. A tenant may have several
 * containers, and a container several tenants.
 *
 * @throws RangeError naming the entry that is malformed by its place, and what it must be
 */
export function parseBlobSources(text: string): readonly BlobSource[] {
  const entries = text.split(",").map((entry) => entry.trim());
  return entries
    .filter((entry) => entry !== "")
    .map((entry, index) => {
      const [tenant = "", ...rest] = entry.split("=");
      const tenantId = Tag.safeParse(tenant.trim());
      const containerUrl = toContainerUrl(rest.join("=").trim());
      if (tenantId.success && containerUrl !== undefined)
        return { tenantId: tenantId.data, containerUrl };
      throw new RangeError(
        `ARTIFACT_BLOB_SOURCES: entry ${index + 1} must be tenantId=https://account.blob.core.windows.net/container, without a query.`,
      );
    });
}

/** The URL as URLs are compared: its host in lower case, no default port, no slash at the end. */
function toContainerUrl(text: string): string | undefined {
  const url = URL.parse(text);
  if (url?.protocol !== "https:" || hasExtras(url)) return undefined;
  if (url.search !== "" || url.hostname.endsWith(".")) return undefined;
  const names = url.pathname.replace(/\/$/, "").split("/").slice(1);
  const isPlain = names.every((name) => containerName.test(name));
  // An emulator has no host name for each account, so the account comes first in its paths.
  const depth = isLoopback(url.hostname) ? 2 : 1;
  return isPlain && names.length === depth
    ? `${url.origin}/${names.join("/")}`
    : undefined;
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "127.0.0.1";
}

function hasExtras({ username, password, hash }: URL): boolean {
  return username !== "" || password !== "" || hash !== "";
}

/**
 * The blob that a URL names, if it lies in a container of the tenant's.
 *
 * A1. The URL is parsed once and compared as parsed, and what is asked for is built anew from the source and the blob's
 *     name: there is no second reading of the text that could lead elsewhere.
 * A2. A name that would leave the container when it is put into a path (`..`, however it was encoded; a backslash, which
 *     the service takes for a slash) is refused.
 * A3. A URL with a shared access signature is refused: it brings its own right, and the app's must not be used for it.
 *
 * @throws NucleusError artifact_refused
 */
export function locateBlob(
  sources: readonly BlobSource[],
  tenantId: Tag,
  text: string,
): BlobAddress {
  const url = URL.parse(text);
  if (url === null || hasExtras(url)) throw refused();
  const path = `${url.origin}${url.pathname}`;
  const source = sources.find(
    (each) =>
      each.tenantId === tenantId && path.startsWith(`${each.containerUrl}/`),
  );
  if (!source) throw refused();
  const name = toName(path.slice(source.containerUrl.length + 1));
  return { source, name, ...toPointInTime(url.searchParams) };
}

function toName(encoded: string): string {
  const name = decode(encoded);
  const isPlain =
    name !== "" &&
    name.length <= maxNameLength &&
    // oxlint-disable-next-line no-control-regex -- that is what is looked for
    !/[\\\u0000-\u001f\u007f]/.test(name) &&
    !name.split("/").some((part) => part === "." || part === "..");
  if (!isPlain) throw refused();
  return name;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refused();
  }
}

function toPointInTime(
  query: URLSearchParams,
): Pick<BlobAddress, "versionId" | "snapshot"> {
  const [parameter, ...more] = [...query];
  if (parameter === undefined) return {};
  const [key, value] = parameter;
  if (more.length > 0 || !pointInTime.test(value)) throw refused();
  if (key === "versionid") return { versionId: value };
  if (key === "snapshot") return { snapshot: value };
  throw refused();
}

function refused(): NucleusError {
  return new NucleusError("artifact_refused");
}
