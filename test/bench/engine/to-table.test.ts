import { expect, test } from "vitest";
import type { Engine } from "../../../bench/engine/engine.ts";
import type { Repeat } from "../../../bench/engine/measure.ts";
import { toProcessorRow, toRows } from "../../../bench/engine/to-report.ts";
import { toProcessorTable, toTable } from "../../../bench/engine/to-table.ts";
import { toRate } from "../../../bench/engine/workloads.ts";

const engine = (name: string, isHandWritten = false): Engine => ({
  name,
  isHandWritten,
  cpuMs: () => 0,
  run: () => Promise.reject(new Error("nothing runs here")),
});

/** Workflows of one second, so that their number is the rate. */
const repeatsOf = (rates: readonly number[], otherLoad = 0): Repeat[] =>
  rates.map((rate) => ({
    otherLoad,
    cpuMsPerWorkflow: rate / 100,
    result: {
      totalMs: 1000,
      latenciesMs: Array.from({ length: rate }, () => 1),
    },
  }));

const client = engine("client");
const http = engine("http");
const metric = {
  name: "W1",
  group: "w1",
  unit: "workflows/s",
  read: toRate,
} as const;

test("a metric has a row for each door, each against the best median of the engines, and of all that was measured", () => {
  const measured = new Map([
    [client, repeatsOf([300, 310, 290])],
    [http, repeatsOf([150])],
    [engine("slow"), repeatsOf([50])],
    [engine("fast"), repeatsOf([90, 100, 200])],
    [engine("by hand", true), repeatsOf([600])],
  ]);

  const rows = toRows(metric, [client, http], measured);

  expect(rows).toMatchObject([
    {
      door: "client",
      ours: 300,
      ratio: 3,
      ratioToAll: 0.5,
      peers: [
        { name: "slow", value: 50, isHandWritten: false },
        { name: "fast", value: 100, isHandWritten: false },
        { name: "by hand", value: 600, isHandWritten: true },
      ],
    },
    { door: "http", ours: 150, ratio: 1.5, ratioToAll: 0.25 },
  ]);
});

test("the table shows medians with their spread, and a star where a repeat was disturbed", () => {
  const rows = toRows(
    metric,
    [client],
    new Map([
      [client, repeatsOf([8, 12, 10])],
      [engine("peer"), repeatsOf([4], 0.5)],
    ]),
  );

  expect(toTable(rows)).toBe(
    [
      "| workload         | door   | Nucleus          | peer              | ratio | ratio to all |",
      "| ---------------- | ------ | ---------------- | ----------------- | ----- | ------------ |",
      "| W1 (workflows/s) | client | 10.0 (8.00–12.0) | 4.00 (4.00–4.00)* | 2.50  | 2.50         |",
    ].join("\n"),
  );
});

test("without peers the table has no ratio", () => {
  const rows = toRows(metric, [client], new Map([[client, repeatsOf([100])]]));

  expect(rows[0]?.ratio).toBeNull();
  expect(toTable(rows).split("\n").at(-1)).toBe(
    "| W1 (workflows/s) | client | 100 (100–100) |       |              |",
  );
});

test("processor time is the median of the repeats, a column for each engine", () => {
  const row = toProcessorRow(
    "W1",
    new Map([
      [client, repeatsOf([300, 100, 200])],
      [http, repeatsOf([500])],
    ]),
  );

  expect(toProcessorTable([row]).split("\n")).toEqual([
    "| processor time (ms/workflow) | client | http |",
    "| ---------------------------- | ------ | ---- |",
    "| W1                           | 2.00   | 5.00 |",
  ]);
});
