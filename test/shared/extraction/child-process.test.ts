import { fork } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import type { ContentExtractor } from "../../../shared/extraction/extractor.ts";
import { NucleusError } from "../../../shared/kernel/errors.ts";
import {
  childPids,
  extract,
  inChunks,
  mebibyte,
  openExtractor,
} from "./open-extractor.ts";

const open: ContentExtractor[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((extractor) => extractor.close()));
});

function opened(
  options: Parameters<typeof openExtractor>[0] = {},
): ContentExtractor {
  const extractor = openExtractor(options);
  open.push(extractor);
  return extractor;
}

const fake = (name: string): URL =>
  new URL(`./children/${name}.ts`, import.meta.url);

/** A source that hands out one chunk and then waits. */
function gatedSource(text: string): {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly started: Promise<void>;
  readonly finish: () => void;
} {
  const started = Promise.withResolvers<void>();
  const rest = Promise.withResolvers<void>();
  async function* bytes(): AsyncGenerator<Uint8Array> {
    started.resolve();
    yield Buffer.from(text);
    await rest.promise;
  }
  return {
    bytes: bytes(),
    started: started.promise,
    finish: () => rest.resolve(),
  };
}

describe("children", () => {
  test("none runs before the first document, and one is used for many", async () => {
    const extractor = opened();
    expect(await childPids()).toEqual([]);
    expect((await extract(extractor, "one")).words).toBe(1);
    const first = await childPids();
    expect(first).toHaveLength(1);
    expect((await extract(extractor, "one two")).words).toBe(2);
    expect((await extract(extractor, "")).code).toBe("extraction_empty");
    expect((await extract(extractor, "one two three")).words).toBe(3);
    expect(await childPids()).toEqual(first);
  });

  test("a child is replaced after fifty documents", async () => {
    const extractor = opened();
    await extract(extractor, "first");
    const [first] = await childPids();
    for (let job = 0; job < 50; job += 1) await extract(extractor, "next");
    expect(await childPids()).not.toContain(first);
  });

  test("at most maxChildren read at once, and those who wait are served in order", async () => {
    const extractor = opened({ maxChildren: 2 });
    const order: number[] = [];
    const sources = [1, 2, 3, 4].map((number) => gatedSource(`word ${number}`));
    const readings = sources.map(async ({ bytes }, index) => {
      await extractor.extract({ bytes });
      order.push(index);
    });
    const [first, second, third, fourth] = sources;
    await Promise.all([first?.started, second?.started]);
    expect(await childPids()).toHaveLength(2);
    second?.finish();
    await third?.started;
    third?.finish();
    await fourth?.started;
    fourth?.finish();
    await readings[3];
    first?.finish();
    await Promise.all(readings);
    expect(order).toEqual([1, 2, 3, 0]);
    expect(await childPids()).toHaveLength(2);
  });

  test("closing ends every child, and a running document fails with a code that may be tried again", async () => {
    const extractor = opened();
    const source = gatedSource("word");
    const reading = extractor.extract({ bytes: source.bytes });
    await source.started;
    await Promise.all([
      expect(reading).rejects.toMatchObject({
        code: "extraction_crashed",
        retryable: true,
      }),
      extractor.close(),
    ]);
    expect(await childPids()).toEqual([]);
    expect((await extract(extractor, "x")).code).toBe("extraction_crashed");
  });
});

describe("a child that fails", () => {
  test("and never answers is ended after the time limit", async () => {
    const extractor = opened({ childModule: fake("silent"), timeoutMs: 300 });
    expect((await extract(extractor, "x")).code).toBe("extraction_timeout");
    expect(await childPids()).toEqual([]);
  });

  test("by ending is a crash, which may be tried again", async () => {
    const extractor = opened({ childModule: fake("crashing") });
    expect((await extract(extractor, "x")).code).toBe("extraction_crashed");
    expect((await extract(extractor, "x")).code).toBe("extraction_crashed");
  });

  test("by talking nonsense is ended", async () => {
    const extractor = opened({ childModule: fake("babbling") });
    expect((await extract(extractor, "x")).code).toBe("extraction_crashed");
    expect(await childPids()).toEqual([]);
  });

  test("by taking memory is ended from outside", async () => {
    const extractor = opened({
      childModule: fake("hoarding"),
      maxRssBytes: 200 * mebibyte,
    });
    expect((await extract(extractor, "x")).code).toBe("extraction_too_large");
  });

  test("because there is no such module is a crash", async () => {
    const extractor = opened({ childModule: fake("absent") });
    expect((await extract(extractor, "x")).code).toBe("extraction_crashed");
  });
});

describe("a source", () => {
  test("longer than the limit is refused", async () => {
    const extractor = opened({ maxInputBytes: 1000 });
    expect((await extract(extractor, "x".repeat(1001))).code).toBe(
      "extraction_too_large",
    );
    expect((await extract(extractor, "x".repeat(1000))).words).toBe(1);
  });

  test("that fails in the middle passes its error on, and the next document is read", async () => {
    const extractor = opened();
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield* inChunks("the beginning");
      throw new NucleusError("content_tampered");
    }
    await expect(extractor.extract({ bytes: failing() })).rejects.toMatchObject(
      { code: "content_tampered" },
    );
    expect((await extract(extractor, "a whole one")).words).toBe(3);
  });
});

describe("aborting", () => {
  test("while reading throws the signal's reason and ends the child", async () => {
    const extractor = opened();
    const controller = new AbortController();
    const source = gatedSource("word");
    const reading = extractor.extract(
      { bytes: source.bytes },
      controller.signal,
    );
    await source.started;
    const reason = new Error("cancelled");
    controller.abort(reason);
    await expect(reading).rejects.toBe(reason);
    expect(await childPids()).toEqual([]);
    expect((await extract(extractor, "next")).words).toBe(1);
  });

  test("while waiting gives the place up without touching the document that runs", async () => {
    const extractor = opened();
    const running = gatedSource("one two");
    const first = extractor.extract({ bytes: running.bytes });
    await running.started;
    const controller = new AbortController();
    const second = extractor.extract(
      { bytes: inChunks("never read") },
      controller.signal,
    );
    const third = extractor.extract({ bytes: inChunks("a b c") });
    controller.abort(new Error("gone"));
    await expect(second).rejects.toThrow("gone");
    running.finish();
    expect((await first).words).toBe(2);
    expect((await third).words).toBe(3);
  });
});

test("a child can neither write files, start programs, nor reach the network, and gets no environment", async () => {
  const extractor = opened({ childModule: fake("probing") });
  const { text } = await extract(extractor, "x");
  expect(JSON.parse(text ?? "")).toEqual({ could: [], environment: ["TZ"] });
});

test("a child dies with its parent, even in the middle of a document", async () => {
  const parent = fork(fake("parent"));
  const [pid] = (await once(parent, "message")) as [number];
  expect(pid).toBeGreaterThan(0);
  parent.kill("SIGKILL");
  await once(parent, "exit");
  await expect.poll(() => isRunning(pid), { timeout: 5000 }).toBe(false);
});

test("the parent's event loop runs on while a child works", async () => {
  const extractor = opened();
  const rows = "some,words,in,a,long,table\n".repeat(100_000);
  let turns = 0;
  const done = new AbortController();
  const reading = extract(extractor, rows, "a.csv").finally(() => {
    done.abort();
  });
  while (!done.signal.aborted) {
    await sleep(1);
    turns += 1;
  }
  expect((await reading).words).toBeGreaterThan(100_000);
  // The child takes the better part of a second: a loop that waited for it would have turned a few times.
  expect(turns).toBeGreaterThan(20);
});

async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => "");
  // A process that has ended and whose parent has not asked yet is a zombie.
  return stat !== "" && !/\) Z /.test(stat);
}
