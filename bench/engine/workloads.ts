import type { Load, LoadResult } from "./run-load.ts";
import { percentile, type Unit } from "./statistics.ts";
import { w1, w2 } from "./workflows.ts";

export const groups = ["w1", "w2", "w3", "w4"] as const;
export type Group = (typeof groups)[number];

/** One figure that is read from a load. */
export interface Metric {
  readonly name: string;
  readonly group: Group;
  readonly unit: Unit;
  readonly read: (result: LoadResult) => number;
}

/** A load, and what is read from it. */
export interface Workload {
  readonly name: string;
  readonly load: Load;
  /** Runs before the first repeat, unmeasured. */
  readonly warmUp: Load;
  readonly metrics: readonly Metric[];
}

/** What every engine runs before anything is measured, so that its code is compiled as it is in a server that runs. */
export const warmUps: readonly Load[] = [w1, w2].map((shape) => ({
  shape,
  clients: 16,
  until: { ms: 4000 },
}));

/** The workloads of the groups; `isQuick` makes them so short that they only show that everything works. */
export function createWorkloads(options: {
  readonly only: readonly Group[];
  readonly isQuick: boolean;
}): readonly Workload[] {
  const { isQuick } = options;
  const clientCounts = isQuick ? [1, 16] : [1, 16, 128];
  const until = { ms: isQuick ? 250 : 3000 };
  const warmUpUntil = { ms: isQuick ? 100 : 1000 };
  const burst = isQuick ? 100 : 1000;
  const shapes = [
    ["w1", w1],
    ["w2", w2],
  ] as const;
  const closedLoops = shapes.flatMap(([group, shape]) =>
    clientCounts.map((clients): Workload => {
      const name = `${group.toUpperCase()}, ${clients} ${clients === 1 ? "client" : "clients"}`;
      const load: Load = { shape, clients, until };
      return {
        name,
        load,
        warmUp: { ...load, until: warmUpUntil },
        metrics: [
          { name, group, unit: "workflows/s", read: toRate },
          // W4 is what one client of W1 sees.
          ...(group === "w1" && clients === 1 ? latencies : []),
        ],
      };
    }),
  );
  const burstName = `W3, ${burst} W1 at once`;
  const burstLoad: Load = {
    shape: w1,
    clients: burst,
    until: { count: burst },
  };
  const all: readonly Workload[] = [
    ...closedLoops,
    {
      name: burstName,
      load: burstLoad,
      warmUp: burstLoad,
      metrics: [
        {
          name: burstName,
          group: "w3",
          unit: "workflows/s",
          read: toRate,
        },
      ],
    },
  ];
  return all
    .map((workload) => ({
      ...workload,
      metrics: workload.metrics.filter(({ group }) =>
        options.only.includes(group),
      ),
    }))
    .filter(({ metrics }) => metrics.length > 0);
}

const latencies: readonly Metric[] = [
  {
    name: "W4, p50",
    group: "w4",
    unit: "ms",
    read: ({ latenciesMs }) => percentile(latenciesMs, 0.5),
  },
  {
    name: "W4, p99",
    group: "w4",
    unit: "ms",
    read: ({ latenciesMs }) => percentile(latenciesMs, 0.99),
  },
];

export function toRate({ latenciesMs, totalMs }: LoadResult): number {
  return latenciesMs.length / (totalMs / 1000);
}
