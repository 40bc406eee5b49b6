import { describe, expect, test } from "vitest";
import { readOptions } from "../../../bench/engine/options.ts";
import { createWorkloads } from "../../../bench/engine/workloads.ts";

describe("readOptions", () => {
  test("by default everything is measured three times beside all peers", () => {
    expect(readOptions([])).toMatchObject({
      repeats: 3,
      only: ["w1", "w2", "w3", "w4"],
      peers: ["restate", "dbos", "bullmq"],
      mode: "workloads",
    });
  });

  test("workloads and peers are chosen by name, and an unknown one is refused with those that are known", () => {
    expect(
      readOptions(["--only", "w1", "--peers", "dbos,bullmq"]),
    ).toMatchObject({ only: ["w1"], peers: ["dbos", "bullmq"] });
    expect(() => readOptions(["--peers", "oracle"])).toThrow(
      "--peers takes restate, dbos, bullmq",
    );
  });

  test("numbers are whole and above zero", () => {
    expect(() => readOptions(["--repeats", "0"])).toThrow("--repeats");
    expect(() => readOptions(["--finished", "many"])).toThrow("--finished");
  });
});

describe("createWorkloads", () => {
  const namesOf = (only: Parameters<typeof createWorkloads>[0]["only"]) =>
    createWorkloads({ only, isQuick: false }).flatMap(({ metrics }) =>
      metrics.map(({ name }) => name),
    );

  test("W1 and W2 run at three concurrencies, W3 once", () => {
    expect(namesOf(["w1", "w2", "w3"])).toEqual([
      "W1, 1 client",
      "W1, 16 clients",
      "W1, 128 clients",
      "W2, 1 client",
      "W2, 16 clients",
      "W2, 128 clients",
      "W3, 1000 W1 at once",
    ]);
  });

  test("W4 is read from the load of W1's single client", () => {
    expect(namesOf(["w4"])).toEqual(["W4, p50", "W4, p99"]);
  });
});
