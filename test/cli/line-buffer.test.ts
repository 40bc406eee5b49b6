import { describe, expect, it } from "vitest";
import { createLineBuffer } from "../../cli/line-buffer.ts";

describe("lines of a log", () => {
  it("that come together are written together, in their order", async () => {
    const written: string[] = [];
    const first = Promise.withResolvers<void>();
    const lines = createLineBuffer((text) => {
      written.push(text);
      first.resolve();
    });
    lines.add("one");
    lines.add("two");
    expect(written).toEqual([]);
    await first.promise;
    expect(written).toEqual(["one\ntwo"]);
  });

  it("are written at once when somebody asks for it, and not again", () => {
    const written: string[] = [];
    const lines = createLineBuffer((text) => written.push(text));
    lines.add("one");
    lines.flush();
    lines.flush();
    expect(written).toEqual(["one"]);
  });

  it("are not lost when the process ends by itself", () => {
    const written: string[] = [];
    const before = new Set(process.listeners("exit"));
    const lines = createLineBuffer((text) => written.push(text));
    const [atExit] = process
      .listeners("exit")
      .filter((listener) => !before.has(listener));
    lines.add("last words");
    atExit?.(0);
    expect(written).toEqual(["last words"]);
  });
});
