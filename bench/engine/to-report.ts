import type { Engine } from "./engine.ts";
import { dirtyOtherLoad, type Repeat } from "./measure.ts";
import {
  percentile,
  toRange,
  toRatio,
  type Range,
  type Unit,
} from "./statistics.ts";
import type { Metric } from "./workloads.ts";

export interface Figure extends Range {
  /** Repeats in which others took more of the machine than is good, after all tries. */
  readonly dirtyRepeats: number;
}

/** One workload through one door of ours, beside all peers. */
export interface ReportRow {
  readonly name: string;
  readonly unit: Unit;
  readonly door: string;
  /** Medians. */
  readonly ours: number;
  readonly peers: readonly {
    readonly name: string;
    readonly value: number;
    readonly isHandWritten: boolean;
  }[];
  /** Ours against the best peer that records the steps of a workflow, above 1 is better; null without one. */
  readonly ratio: number | null;
  /** Ours against the best of all, those included where the application records its steps itself. */
  readonly ratioToAll: number | null;
  readonly spread: Readonly<Record<string, Figure>>;
}

/** The rows of one metric, one for each of our doors. */
export function toRows(
  metric: Metric,
  doors: readonly Engine[],
  repeats: ReadonlyMap<Engine, readonly Repeat[]>,
): readonly ReportRow[] {
  const figures = new Map(
    [...repeats].map(([engine, own]) => [engine, toFigure(metric, own)]),
  );
  const peers = [...figures]
    .filter(([engine]) => !doors.includes(engine))
    .map(([{ name, isHandWritten = false }, { median }]) => ({
      name,
      value: median,
      isHandWritten,
    }));
  const engines = peers.filter(({ isHandWritten }) => !isHandWritten);
  return doors.flatMap((door) => {
    const ours = figures.get(door)?.median;
    if (ours === undefined) return [];
    return {
      name: metric.name,
      unit: metric.unit,
      door: door.name,
      ours,
      peers,
      ratio: toRatioOf(metric, ours, engines),
      ratioToAll: toRatioOf(metric, ours, peers),
      spread: Object.fromEntries(
        [...figures]
          .filter(([engine]) => engine === door || !doors.includes(engine))
          .map(([{ name }, figure]) => [name, figure]),
      ),
    };
  });
}

function toRatioOf(
  { unit }: Metric,
  ours: number,
  peers: ReportRow["peers"],
): number | null {
  const values = peers.map(({ value }) => value);
  return toRatio(unit, ours, values) ?? null;
}

/** What one workload costs each engine in processor time; it depends less on what else runs than the rates do. */
export interface ProcessorRow {
  readonly name: string;
  readonly msPerWorkflow: readonly {
    readonly name: string;
    readonly value: number;
  }[];
}

export function toProcessorRow(
  name: string,
  repeats: ReadonlyMap<Engine, readonly Repeat[]>,
): ProcessorRow {
  return {
    name,
    msPerWorkflow: [...repeats].map(([engine, own]) => ({
      name: engine.name,
      value: percentile(
        own.map(({ cpuMsPerWorkflow }) => cpuMsPerWorkflow),
        0.5,
      ),
    })),
  };
}

function toFigure(metric: Metric, repeats: readonly Repeat[]): Figure {
  return {
    ...toRange(repeats.map(({ result }) => metric.read(result))),
    dirtyRepeats: repeats.filter(({ otherLoad }) => otherLoad > dirtyOtherLoad)
      .length,
  };
}
