import { isMainThread, Worker, workerData } from "node:worker_threads";
import type { OcrOptions } from "../protocol.ts";
import type { WatchdogData } from "./watchdog.ts";

/**
 * Entry of an extraction child, run twice: on the main thread it does the work, on a second thread it watches the
 * memory and the parent of the first, which cannot watch itself while a library computes.
 *
 * The arguments: the most resident bytes, the most unpacked bytes, and as JSON how pictures are read, if they are.
 */
if (isMainThread) {
  const [maxRssBytes = 0, maxUnpackedBytes = 0] = process.argv
    .slice(2)
    .map(Number);
  const busy = new Int32Array(new SharedArrayBuffer(4));
  const data: WatchdogData = { busy, maxRssBytes, parentPid: process.ppid };
  new Worker(new URL(import.meta.url), { workerData: data }).unref();
  const { serveJobs } = await import("./serve-jobs.ts");
  const [, , , , ocr] = process.argv;
  serveJobs({
    maxUnpackedBytes,
    ocr: ocr === undefined ? undefined : (JSON.parse(ocr) as OcrOptions),
    onBusy: (value) => {
      Atomics.store(busy, 0, value ? 1 : 0);
      Atomics.notify(busy, 0);
    },
  });
} else {
  const { watch } = await import("./watchdog.ts");
  watch(workerData as WatchdogData);
}
