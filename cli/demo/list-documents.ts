import { readdir } from "node:fs/promises";
import { maxArtifacts } from "../../shared/interactions/interaction-request.ts";
import { ExpectedFailure } from "../failures.ts";

/**
 * The names of a folder's documents, in order: its regular files, hidden ones left out.
 *
 * @throws ExpectedFailure when the folder is missing, empty or too full, or a name is not UTF-8.
 */
export async function listDocuments(
  folder: string,
): Promise<readonly string[]> {
  const entries = await readdir(folder, {
    withFileTypes: true,
    encoding: "buffer",
  }).catch((error: unknown) => {
    const code = error instanceof Error && "code" in error ? error.code : "";
    throw new ExpectedFailure(
      code === "ENOENT"
        ? `there is no folder ${folder}`
        : code === "ENOTDIR"
          ? `${folder} is not a folder`
          : `${folder} cannot be read (${String(code)})`,
    );
  });
  const names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => toName(folder, entry.name))
    .filter((name) => !name.startsWith("."))
    .toSorted();
  if (names.length === 0)
    throw new ExpectedFailure(`${folder} holds no documents`);
  if (names.length > maxArtifacts)
    throw new ExpectedFailure(
      `${folder} holds ${names.length} documents, and an interaction takes at most ${maxArtifacts}`,
    );
  return names;
}

function toName(folder: string, bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new ExpectedFailure(
      `${folder} holds a file whose name is not UTF-8: rename it`,
    );
  }
}
