import { constants, type BigIntStats } from "node:fs";
import {
  lstat,
  open as openFile,
  realpath,
  type FileHandle,
} from "node:fs/promises";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { Content } from "../../kernel/content.ts";
import { NucleusError, type ErrorCode } from "../../kernel/errors.ts";
import type {
  ArtifactProvider,
  ArtifactRequest,
} from "../artifact-provider.ts";

/** O_NONBLOCK: opening a named pipe must not wait for its writer. */
const openFlags =
  constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

const codes: ReadonlyMap<unknown, ErrorCode> = new Map([
  ["ENOENT", "artifact_not_found"],
  ["ENOTDIR", "artifact_not_found"],
  ["EACCES", "artifact_forbidden"],
  ["EPERM", "artifact_forbidden"],
  ["ELOOP", "artifact_refused"],
  ["ENXIO", "artifact_refused"],
  ["ENAMETOOLONG", "artifact_refused"],
  ["ERR_INVALID_ARG_VALUE", "artifact_refused"],
]);

interface FileProviderOptions {
  readonly root: string;
  /** Folders that are never read, even below `root`: the stores, with their keys, may lie there. */
  readonly except?: readonly string[];
  /** Opens a path that was checked: the moment at which a test can change what is there. */
  readonly open?: (path: string, flags: number) => Promise<FileHandle>;
}

/**
 * Regular files below `root`, named by a `file:` URL, an absolute path, or a path relative to `root`.
 *
 * F1. No symbolic link is followed below `root`, whether it leads out of it or not.
 * F2. What is read is what was checked: the checks are repeated after opening and compared with the descriptor, so
 *     swapping a part of the path in between is refused.
 */
export function createFileProvider({
  root,
  except = [],
  open = openFile,
}: FileProviderOptions): ArtifactProvider {
  return {
    referenceType: "file",
    async open(request) {
      const file = await openChecked({ root, except, open }, request).catch(
        (thrown: unknown) => {
          throw toArtifactError(thrown, request.signal);
        },
      );
      const { size, ino, mtimeNs } = file.stats;
      return {
        bytes: read(file, request.signal),
        sizeBytes: Number(size),
        etag: Content.fromText(`${ino}-${size}-${mtimeNs}`),
      };
    },
  };
}

interface OpenFile {
  readonly handle: FileHandle;
  readonly stats: BigIntStats;
}

async function openChecked(
  { root, except, open }: Required<FileProviderOptions>,
  { sourceUri, maxBytes, signal }: ArtifactRequest,
): Promise<OpenFile> {
  signal.throwIfAborted();
  const path = await locate(root, sourceUri);
  for (const folder of except)
    if (isBelow(await realpath(folder), path))
      throw new NucleusError("artifact_refused");
  await checkPath(path);
  const handle = await open(path, openFlags);
  try {
    const stats = await handle.stat({ bigint: true });
    const named = await checkPath(path);
    if (stats.ino !== named.ino || stats.dev !== named.dev)
      throw new NucleusError("artifact_refused");
    if (stats.size > maxBytes) throw new NucleusError("artifact_too_large");
    return { handle, stats };
  } catch (thrown) {
    await handle.close();
    throw thrown;
  }
}

/** The path below the real root that `sourceUri` names. Looks at nothing outside of it. */
async function locate(root: string, sourceUri: Content): Promise<string> {
  const realRoot = await realpath(root);
  const given = toPath(sourceUri.revealText());
  // An absolute path may name the root as configured or as it really is.
  for (const base of [resolve(root), realRoot]) {
    const path = resolve(base, given);
    if (isBelow(base, path)) return join(realRoot, relative(base, path));
  }
  throw new NucleusError("artifact_refused");
}

function isBelow(folder: string, path: string): boolean {
  const below = relative(folder, path);
  return below !== ".." && !below.startsWith(`..${sep}`) && !isAbsolute(below);
}

function toPath(given: string): string {
  if (!/^file:/i.test(given)) return given;
  try {
    return fileURLToPath(given);
  } catch {
    throw new NucleusError("artifact_refused");
  }
}

async function checkPath(path: string): Promise<BigIntStats> {
  const stats = await lstat(path, { bigint: true });
  if (!stats.isFile() || (await realpath(path)) !== path)
    throw new NucleusError("artifact_refused");
  return stats;
}

/** The stream owns the descriptor from here on, and gives it up at its end, when it is left, and on abort. */
function read(
  { handle, stats }: OpenFile,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const sizeBytes = Number(stats.size);
  // One byte past the checked size is enough to notice that the file grew.
  const stream = handle.createReadStream({ start: 0, end: sizeBytes, signal });
  // Whoever iterates sees the error; when nobody does, it is nobody's.
  stream.on("error", () => undefined);

  async function* bytes(): AsyncGenerator<Uint8Array> {
    let total = 0;
    try {
      for await (const chunk of stream as AsyncIterable<Uint8Array>) {
        total += chunk.byteLength;
        if (total > sizeBytes) break;
        yield chunk;
      }
    } catch (thrown) {
      throw toArtifactError(thrown, signal);
    }
    // It is being written: a later attempt sees it whole.
    if (total !== sizeBytes) throw new NucleusError("artifact_unreachable");
  }
  return bytes();
}

function toArtifactError(thrown: unknown, signal: AbortSignal): NucleusError {
  if (thrown instanceof NucleusError) return thrown;
  if (signal.aborted) return new NucleusError("artifact_timeout");
  const code =
    thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  return new NucleusError(codes.get(code) ?? "artifact_unreachable");
}
