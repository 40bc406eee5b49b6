import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import {
  NucleusError,
  toNucleusError,
  type ErrorCode,
} from "../../kernel/errors.ts";
import {
  createFrameReader,
  outgrownSignal,
  pipeFd,
  toFrames,
  type FrameKind,
  type JobHeader,
  type OcrOptions,
} from "../protocol.ts";
import {
  type Answered,
  createJobAnswer,
  type JobAnswer,
} from "./job-answer.ts";
import { readMemory } from "./read-memory.ts";

export interface ChildOptions {
  readonly childModule: string | URL;
  readonly maxInputBytes: number;
  readonly maxUnpackedBytes: number;
  readonly maxRssBytes: number;
  /** How pictures and scanned pages are read; absent, they are not. */
  readonly ocr?: OcrOptions;
}

export interface ExtractionChild {
  readonly pid: number | undefined;
  /** False once the process has ended or was told to. */
  readonly isAlive: boolean;
  /** One job at a time; `onPart` hears of each part before it is read. When the child is still alive after it, it is fit for the next job. */
  run(
    header: JobHeader,
    bytes: AsyncIterable<Uint8Array>,
    onPart: () => void,
  ): Promise<Answered>;
  /** Ends the process now; the running job fails with `reason`. */
  kill(reason: ErrorCode): void;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
  /** Whether the child keeps this process alive: only while it works. */
  hold(isHeld: boolean): void;
}

const memoryLookMs = 50;
const mebibyte = 1 << 20;

/**
 * Starts a child process that extracts text.
 *
 * It gets no environment, may write no file, start no program and load no native code (Node's permission model), and
 * what its libraries print is dropped: it may quote content. It dies when the pipe to it closes, so with its parent.
 */
export function startExtractionChild(options: ChildOptions): ExtractionChild {
  const child = spawnChild(options);
  const pipe = child.stdio[pipeFd] as Socket;
  let answer: JobAnswer | undefined;
  let isAlive = true;

  const kill = (reason: ErrorCode): void => {
    isAlive = false;
    answer?.fail(new NucleusError(reason));
    child.kill("SIGKILL");
  };
  const seeOut = async (): Promise<void> => {
    const signal = await exitOf(child);
    isAlive = false;
    answer?.fail(new NucleusError(toExitCode(signal)));
  };
  const ended = seeOut();
  const read = createFrameReader((frame) => answer?.accept(frame));
  listen(pipe, read, kill);

  return {
    pid: child.pid,
    get isAlive() {
      return isAlive;
    },
    ended,
    kill,
    hold: (isHeld) => hold([child, pipe], isHeld),
    async run(header, bytes, onPart) {
      const current = createJobAnswer(
        options.maxUnpackedBytes,
        header.answeredParts,
        onPart,
      );
      answer = current;
      if (!isAlive) current.fail(new NucleusError("extraction_crashed"));
      const timer = watchPeak(child.pid, options.maxRssBytes, () =>
        kill("extraction_too_large"),
      );
      upload({ pipe, ended, maxBytes: options.maxInputBytes }, header, bytes)
        // In the middle of a document the child is of no more use.
        .catch((error: unknown) => {
          current.fail(error);
          kill("extraction_crashed");
        });
      try {
        return await current.answered;
      } finally {
        clearInterval(timer);
        answer = undefined;
      }
    },
  };
}

function hold(
  handles: readonly (ChildProcess | Socket)[],
  isHeld: boolean,
): void {
  for (const handle of handles) {
    if (isHeld) handle.ref();
    else handle.unref();
  }
}

interface UploadTarget {
  readonly pipe: Socket;
  readonly ended: Promise<void>;
  readonly maxBytes: number;
}

async function upload(
  { pipe, ended, maxBytes }: UploadTarget,
  header: JobHeader,
  bytes: AsyncIterable<Uint8Array>,
): Promise<void> {
  const send = async (kind: FrameKind, payload?: Uint8Array): Promise<void> => {
    for (const frame of toFrames(kind, payload)) {
      if (pipe.destroyed) return;
      if (!pipe.write(frame)) {
        const drained = once(pipe, "drain").catch(() => undefined);
        await Promise.race([drained, ended]);
      }
    }
  };
  await send("begin", Buffer.from(JSON.stringify(header)));
  let size = 0;
  for await (const chunk of bytes) {
    if (pipe.destroyed) return;
    size += chunk.byteLength;
    if (size > maxBytes) throw new NucleusError("extraction_too_large");
    await send("data", chunk);
  }
  await send("end");
}

function listen(
  pipe: Socket,
  read: (chunk: Buffer) => void,
  kill: (reason: ErrorCode) => void,
): void {
  pipe.on("data", (chunk: Buffer) => {
    try {
      read(chunk);
    } catch (error) {
      // Whatever it is now, it is not trusted with another document.
      kill(toNucleusError(error, "extraction_crashed").code);
    }
  });
  // The exit says what happened.
  pipe.on("error", () => undefined);
}

/** Looks at the process's peak memory again and again, until the timer is cleared. */
function watchPeak(
  pid: number | undefined,
  maxRssBytes: number,
  onOutgrown: () => void,
): NodeJS.Timeout {
  const look = async (): Promise<void> => {
    const memory = await readMemory(pid);
    if ((memory?.peakBytes ?? 0) > maxRssBytes) onOutgrown();
  };
  return setInterval(() => void look(), memoryLookMs);
}

/** The signal that the process ended by, if any. */
function exitOf(child: ChildProcess): Promise<NodeJS.Signals | null> {
  return new Promise((resolve) => {
    child.once("exit", (_code, signal) => resolve(signal));
    child.once("error", () => resolve(null));
  });
}

function spawnChild(options: ChildOptions): ChildProcess {
  const module =
    options.childModule instanceof URL
      ? fileURLToPath(options.childModule)
      : options.childModule;
  const heapMebibytes = Math.floor((options.maxRssBytes / mebibyte) * 0.55);
  return spawn(
    process.execPath,
    [
      `--max-old-space-size=${heapMebibytes}`,
      "--max-semi-space-size=8",
      "--permission",
      "--allow-fs-read=*",
      "--allow-worker",
      "--no-warnings",
      module,
      String(options.maxRssBytes),
      String(options.maxUnpackedBytes),
      ...(options.ocr === undefined ? [] : [JSON.stringify(options.ocr)]),
    ],
    {
      env: { TZ: "UTC" },
      stdio: ["ignore", "ignore", "ignore", "pipe"],
      windowsHide: true,
    },
  );
}

/** V8 aborts when its heap is full; nothing else in a child aborts. */
function toExitCode(signal: NodeJS.Signals | null): ErrorCode {
  return signal === outgrownSignal || signal === "SIGABRT"
    ? "extraction_too_large"
    : "extraction_crashed";
}
