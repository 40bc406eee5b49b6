import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { decodeJwt } from "jose";
import { afterEach, beforeEach, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "nucleus-cli-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | string | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command from its source, as `node cli/nucleus.ts …`. */
function nucleus(...args: string[]): Promise<Ended> {
  return new Promise((done) => {
    execFile(
      process.execPath,
      [join(root, "cli/nucleus.ts"), ...args],
      { cwd: folder, env: { ...process.env, NUCLEUS_HOME: "" } },
      (error, stdout, stderr) =>
        done({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
  });
}

const who = ["--tenant", "t1", "--user", "u1"];

test("token prints only the token, for an application of the user's own", async () => {
  const { code, stdout, stderr } = await nucleus(
    "token",
    "--role",
    "adapter,observer",
    ...who,
  );
  expect([code, stderr]).toEqual([0, ""]);
  expect(decodeJwt(stdout.trim())).toMatchObject({
    tid: "t1",
    oid: "u1",
    azp: "u1",
    roles: ["adapter", "observer"],
  });
});

test.each([
  [["token", ...who], /--role is required/],
  [["constructor"], /there is no command "constructor"/],
  [["token", "--role", "king", ...who], /no role "king"/],
  [["token", "--role", "adapter", "--user", "u1"], /--tenant is required/],
  [["token", "--role", "adapter", ...who, "--ttl", "0"], /--ttl must be/],
  [
    ["token", "--role", "adapter", "--tenant", "a b", "--user", "u1"],
    /--tenant must be/,
  ],
  [["start", "--port", "70000"], /--port must be/],
  [["start", "extra"], /extra/],
  [["demo", "--query", " "], /--query is empty/],
  [["fly"], /no command "fly"/],
] as const)(
  "%j is one clear line on stderr and exit code 2",
  async (args, message) => {
    const { code, stdout, stderr } = await nucleus(...args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  },
);

test("help names every command", async () => {
  const { code, stdout } = await nucleus("help");
  expect(code).toBe(0);
  for (const command of ["start", "demo", "token", "help"])
    expect(stdout).toContain(`nucleus ${command}`);
});

test("demo refuses a folder that is missing, empty, too full or holds a name that is not UTF-8", async () => {
  const fail = async (name: string, message: RegExp): Promise<void> => {
    const { code, stderr } = await nucleus("demo", "--dir", name);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
  };
  await fail("missing", /there is no folder/);
  await mkdir(join(folder, "empty"));
  await fail("empty", /holds no documents/);
  await mkdir(join(folder, "full"));
  for (let n = 0; n <= 200; n += 1)
    await writeFile(join(folder, "full", `${n}.txt`), "x");
  await fail("full", /201 documents/);
  await mkdir(join(folder, "latin1"));
  const name = Buffer.from(`${join(folder, "latin1")}/caf\u00e9.txt`, "latin1");
  await writeFile(name, "x");
  await fail("latin1", /not UTF-8/);
});

test("demo answers, verifies its callback and leaves nothing behind", async () => {
  const { code, stdout } = await nucleus("demo", "--json");
  const report = JSON.parse(stdout) as Record<string, unknown>;
  expect(report).toMatchObject({
    status: "Completed",
    notFound: false,
    webhook: { verified: true },
    leaks: [],
  });
  expect(report["quotes"]).not.toEqual([]);
  expect(code).toBe(0);
});
