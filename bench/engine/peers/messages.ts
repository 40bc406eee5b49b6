import type { Load, LoadResult } from "../run-load.ts";

/** What the benchmark and the process of a peer say to each other. */
export interface RunMessage {
  readonly id: number;
  readonly engine: string;
  readonly load: Load;
}

export type PeerMessage =
  | {
      readonly kind: "ready";
      readonly engines: readonly {
        readonly name: string;
        readonly isHandWritten: boolean;
      }[];
    }
  | { readonly kind: "missing"; readonly line: string }
  | { readonly kind: "done"; readonly id: number; readonly result: LoadResult }
  | { readonly kind: "failed"; readonly id: number; readonly reason: string };

export const peerNames = ["restate", "dbos", "bullmq"] as const;
export type PeerName = (typeof peerNames)[number];
