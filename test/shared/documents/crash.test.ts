import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { createSqliteDocumentStore } from "../../../shared/documents/adapters/sqlite.ts";
import { contractKinds, tag } from "../../support/contract-documents.ts";
import { createTempFolder } from "../../support/temp-folder.ts";

const writer = fileURLToPath(
  new URL("../../support/write-documents.ts", import.meta.url),
);

it("kill -9 at any instant: every answered batch is there, and none by half", async () => {
  const file = join(createTempFolder(), "documents.db");
  const child = spawn(process.execPath, [writer, file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const answered: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    answered.push(Number(line));
    if (answered.length === 200) child.kill("SIGKILL");
  }
  if (child.exitCode === null && child.signalCode === null) {
    await once(child, "exit");
  }
  expect(child.signalCode).toBe("SIGKILL");

  const store = createSqliteDocumentStore({ file, kinds: contractKinds });
  const page = await store.query({
    kind: "job",
    tenantId: tag("t1"),
    limit: 1000,
  });
  await store.close();
  const ids = page.items.map((item) => item.id);
  const numbersOf = (letter: string) =>
    ids.filter((id) => id.startsWith(letter)).map((id) => Number(id.slice(1)));
  expect(numbersOf("a")).toEqual(numbersOf("b"));
  expect(numbersOf("a")).toEqual(expect.arrayContaining(answered));
});
