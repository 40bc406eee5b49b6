import { Socket } from "node:net";
import {
  createFrameReader,
  pipeFd,
  toFrames,
  type Frame,
  type FrameKind,
  type JobHeader,
  type OcrOptions,
} from "../protocol.ts";
import { createBudget } from "./budget.ts";
import { type AnswerSink, extractWithParts } from "./extract-parts.ts";
import { createOpenOcr } from "./open-ocr.ts";
import { refuseNetwork } from "./refuse-network.ts";
import { toExtractionCode } from "./unreadable.ts";

interface ServeOptions {
  readonly maxUnpackedBytes: number;
  /** Undefined where pictures are not read. */
  readonly ocr: OcrOptions | undefined;
  readonly onBusy: (busy: boolean) => void;
}

/** Answers the parent's jobs until the pipe closes, which ends the process. */
export function serveJobs({
  maxUnpackedBytes,
  ocr,
  onBusy,
}: ServeOptions): void {
  const pipe = new Socket({ fd: pipeFd, readable: true, writable: true });
  refuseNetwork();
  const openOcr = createOpenOcr(ocr);
  let header: JobHeader = {};
  let parts: Buffer[] = [];

  const write = (kind: FrameKind, payload?: Uint8Array): void => {
    for (const frame of toFrames(kind, payload)) pipe.write(frame);
  };
  const writeJson = (kind: FrameKind, value: object): void =>
    write(kind, Buffer.from(JSON.stringify(value)));
  const sink: AnswerSink = {
    text: (piece) => write("text", piece),
    read: (document) => writeJson("read", document),
    part: (part) => writeJson("part", part),
    failed: (code) => write("failed", Buffer.from(code)),
  };

  const run = async (bytes: Buffer): Promise<void> => {
    const limits = {
      unpacked: createBudget(maxUnpackedBytes),
      text: createBudget(maxUnpackedBytes),
      openOcr,
    };
    try {
      await extractWithParts(bytes, header, limits, sink);
      write("done");
    } catch (thrown) {
      sink.failed(toExtractionCode(thrown));
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
