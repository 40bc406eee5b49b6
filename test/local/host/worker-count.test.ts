import { describe, expect, it } from "vitest";
import { readWorkerCount } from "../../../local/host/worker-count.ts";

describe("the number of workers", () => {
  it("is one for each core unless it is set, and no more than four", () => {
    expect(readWorkerCount({}, 1)).toBe(1);
    expect(readWorkerCount({}, 2)).toBe(2);
    expect(readWorkerCount({}, 64)).toBe(4);
    expect(readWorkerCount({ FUNCTIONS_WORKER_PROCESS_COUNT: "" }, 3)).toBe(3);
  });

  it.each(["1", "7", "10"])("is what is set: %s", (text) => {
    expect(readWorkerCount({ FUNCTIONS_WORKER_PROCESS_COUNT: text }, 2)).toBe(
      Number(text),
    );
  });

  it.each(["0", "11", "-1", "1.5", "two", " 2", "1e1"])(
    "is refused with one line when it is malformed: %j",
    (text) => {
      expect(() =>
        readWorkerCount({ FUNCTIONS_WORKER_PROCESS_COUNT: text }, 2),
      ).toThrow(
        "The setting FUNCTIONS_WORKER_PROCESS_COUNT must be a whole number from 1 to 10.",
      );
    },
  );
});
