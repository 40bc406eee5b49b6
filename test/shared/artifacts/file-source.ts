import { once } from "node:events";
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readlink,
  realpath,
  rm,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { onTestFinished } from "vitest";
import { createFileProvider } from "../../../shared/artifacts/adapters/file.ts";
import type { ArtifactSource } from "../../contracts/artifact-provider.ts";

interface FileSource extends ArtifactSource {
  /** The provider's root, and a folder beside it that is out of bounds. */
  readonly root: string;
  readonly outside: string;
}

/** A folder with everything in and around it that must not be read. */
export async function openFileSource(): Promise<FileSource> {
  const home = await realpath(await mkdtemp(join(tmpdir(), "artifacts-")));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const root = join(home, "root");
  const outside = join(home, "outside");
  await mkdir(join(root, "folder"), { recursive: true });
  await mkdir(outside);
  await writeFile(join(outside, "secret.txt"), "secret");
  await writeFile(join(root, "plain.txt"), "plain");
  await symlink(join(outside, "secret.txt"), join(root, "link-out.txt"));
  await symlink(join(root, "plain.txt"), join(root, "link-in.txt"));
  await symlink(outside, join(root, "linked-folder"));
  await symlink("/nowhere", join(root, "dangling.txt"));
  const socket = createServer().listen(join(root, "socket"));
  await once(socket, "listening");
  onTestFinished(() => void socket.close());

  const files = createFileProvider({ root });
  const shrinking = new Set<string>();
  const pathOf = (name: string): string => join(root, name);
  const urlOf = (name: string): string => pathToFileURL(pathOf(name)).href;

  return {
    root,
    outside,
    provider: {
      ...files,
      async open(request) {
        const artifact = await files.open(request);
        for (const path of shrinking) await truncate(path, 10);
        return artifact;
      },
    },
    async put(name, bytes) {
      await writeFile(pathOf(name), bytes);
      return urlOf(name);
    },
    async putShrinking(name, sizeBytes) {
      await writeFile(pathOf(name), Buffer.alloc(sizeBytes));
      shrinking.add(pathOf(name));
      return name;
    },
    async putForbidden() {
      await writeFile(pathOf("private.txt"), "private");
      await chmod(pathOf("private.txt"), 0);
      await chmod(home, 0o755);
      becomeOrdinaryUser();
      return "private.txt";
    },
    missing: urlOf("missing.txt"),
    refused: [
      "../outside/secret.txt",
      "folder/../../outside/secret.txt",
      join(outside, "secret.txt"),
      pathToFileURL(join(outside, "secret.txt")).href,
      `${root}-beside/secret.txt`,
      "/etc/passwd",
      "file:///etc/passwd",
      "file://server/share/secret.txt",
      "file:///%2e%2e%2fetc/passwd",
      "file:",
      "link-out.txt",
      "link-in.txt",
      "linked-folder/secret.txt",
      "dangling.txt",
      "folder",
      "socket",
      root,
      "plain.txt\0.pdf",
      "/dev/null",
      "/proc/self/environ",
    ],
    held: () => heldBelow(root),
  };
}

/** The superuser may read everything, so a test that runs as one steps down until its end. */
function becomeOrdinaryUser(): void {
  if (process.geteuid?.() !== 0) return;
  process.seteuid?.(65_534);
  onTestFinished(() => process.seteuid?.(0));
}

/** Open descriptors of files below `root`, on systems that list them. */
async function heldBelow(root: string): Promise<number> {
  const folder = "/proc/self/fd";
  const descriptors = await readdir(folder).catch(() => []);
  const targets = await Promise.all(
    descriptors.map((name) => readlink(join(folder, name)).catch(() => "")),
  );
  return targets.filter((target) => target.startsWith(root)).length;
}
