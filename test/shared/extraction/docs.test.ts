import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../../..");

test("the example of docs/extraction.md prints what the page says", async () => {
  const page = await readFile(join(root, "docs/extraction.md"), "utf8");
  const [, code = "", printed = ""] =
    /```js\n(.*?)```\s+prints\s+```\n(.*?)```/s.exec(page) ?? [];
  expect(code).not.toBe("");
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "--eval", code],
    { cwd: root, timeout: 60_000 },
  );
  expect(stdout.trim()).toBe(printed.trim());
});
