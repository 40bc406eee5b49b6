import {
  mkdir,
  open,
  readFile,
  rename,
  symlink,
  unlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createFileProvider } from "../../../shared/artifacts/adapters/file.ts";
import { Content } from "../../../shared/kernel/content.ts";
import {
  tenantId,
  failureOf,
  readAll,
} from "../../contracts/artifact-provider.ts";
import { openFileSource } from "./file-source.ts";

const signal = new AbortController().signal;

test("a relative path, an absolute path and a file URL name the same artifact", async () => {
  const { provider, root, put } = await openFileSource();
  const url = await put("ä b#1.txt", Buffer.from("same"));
  for (const uri of [
    url,
    "ä b#1.txt",
    join(root, "ä b#1.txt"),
    "folder/../ä b#1.txt",
  ]) {
    const { bytes } = await provider.open({
      tenantId,
      sourceUri: Content.fromText(uri),
      maxBytes: 100,
      signal,
    });
    expect((await readAll(bytes)).toString()).toBe("same");
  }
});

test("the root may be a symbolic link itself, and be named either way", async () => {
  const { root, outside } = await openFileSource();
  const alias = join(outside, "alias");
  await symlink(root, alias);
  const provider = createFileProvider({ root: alias });
  for (const uri of [
    "plain.txt",
    join(alias, "plain.txt"),
    join(root, "plain.txt"),
  ])
    expect(await failureOf(provider, uri)).toBe("none");
  expect(await failureOf(provider, "link-in.txt")).toBe("artifact_refused");
});

test("a folder that is excepted is closed, by whatever name it is reached", async () => {
  const { root } = await openFileSource();
  await mkdir(join(root, "stores"));
  await writeFile(join(root, "stores", "key"), "secret");
  const provider = createFileProvider({
    root,
    except: [join(root, "stores")],
  });
  for (const uri of [
    "stores/key",
    "plain.txt/../stores/key",
    "stores/../stores/key",
  ])
    expect(await failureOf(provider, uri)).toBe("artifact_refused");
  expect(await failureOf(provider, "plain.txt")).toBe("none");
});

test("a root that is not there has no artifacts", async () => {
  const { root } = await openFileSource();
  const provider = createFileProvider({ root: join(root, "none") });
  expect(await failureOf(provider, "plain.txt")).toBe("artifact_not_found");
});

test("a path through a file is not found", async () => {
  const { provider } = await openFileSource();
  expect(await failureOf(provider, "plain.txt/more")).toBe(
    "artifact_not_found",
  );
});

test("a file that grows while it is read is unreachable, not cut", async () => {
  const { provider, put } = await openFileSource();
  const url = await put("growing.log", Buffer.alloc(200_000));
  const { bytes } = await provider.open({
    tenantId,
    sourceUri: Content.fromText(url),
    maxBytes: 1_000_000,
    signal,
  });
  await put("growing.log", Buffer.alloc(200_001));
  await expect(readAll(bytes)).rejects.toMatchObject({
    code: "artifact_unreachable",
  });
});

describe("a folder that is swapped for a link between check and opening", () => {
  test.each([
    ["and stays", false],
    ["and is swapped back before the second check", true],
  ])("%s: what it led to is refused", async (_, swapsBack) => {
    const { root, outside } = await openFileSource();
    const [shown, hidden] = [join(root, "shown"), join(root, "hidden")];
    await mkdir(shown);
    await writeFile(join(shown, "secret.txt"), "public");
    const opened: string[] = [];
    const provider = createFileProvider({
      root,
      async open(path, flags) {
        await rename(shown, hidden);
        await symlink(outside, shown);
        const handle = await open(path, flags);
        opened.push(await readFile(path, "utf8"));
        if (swapsBack) {
          await unlink(shown);
          await rename(hidden, shown);
        }
        return handle;
      },
    });
    expect(await failureOf(provider, "shown/secret.txt")).toBe(
      "artifact_refused",
    );
    expect(opened).toEqual(["secret"]);
  });
});
