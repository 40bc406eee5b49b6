import { Socket } from "node:net";
import {
  createFrameReader,
  pipeFd,
  toFrames,
  type Frame,
  type FrameKind,
  type JobHeader,
} from "../protocol.ts";
import { extractDocument } from "./extract-document.ts";
import { refuseNetwork } from "./refuse-network.ts";
import { toExtractionCode } from "./unreadable.ts";

interface ServeOptions {
  readonly maxUnpackedBytes: number;
  readonly onBusy: (busy: boolean) => void;
}

/** Answers the parent's jobs until the pipe closes, which ends the process. */
export function serveJobs({ maxUnpackedBytes, onBusy }: ServeOptions): void {
  const pipe = new Socket({ fd: pipeFd, readable: true, writable: true });
  refuseNetwork();
  let header: JobHeader = {};
  let parts: Buffer[] = [];

  const write = (kind: FrameKind, payload?: Uint8Array): void => {
    for (const frame of toFrames(kind, payload)) pipe.write(frame);
  };

  const run = async (bytes: Buffer): Promise<void> => {
    try {
      const { sections, ...result } = await extractDocument(bytes, header, {
        maxUnpackedBytes,
      });
      for (const section of sections) write("text", section);
      write("done", Buffer.from(JSON.stringify(result)));
    } catch (thrown) {
      write("failed", Buffer.from(toExtractionCode(thrown)));
    } finally {
      onBusy(false);
    }
  };

  const onFrame = ({ kind, payload }: Frame): void => {
    if (kind === "begin") {
      onBusy(true);
      header = JSON.parse(payload.toString()) as JobHeader;
      parts = [];
    } else if (kind === "data") {
      parts.push(payload);
    } else if (kind === "end") {
      const bytes = Buffer.concat(parts);
      parts = [];
      void run(bytes);
    }
  };

  const leave = (): never => process.exit(0);
  pipe.on("data", createFrameReader(onFrame));
  pipe.on("end", leave).on("close", leave).on("error", leave);
}
