import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { DatabaseRefused } from "./database-refused.ts";

const headerBytes = 32;
const frameHeaderBytes = 24;
/** The last bit says in which byte order the checksums were made: 0 little-endian, 1 big-endian. */
const magic = 0x377f0682;

/**
 * Looks whether the WAL that an earlier process left behind has lost commits that were on disk. SQLite takes the first
 * frame with a wrong checksum for the end of the file, as a power loss in the midst of a write leaves it, and goes on
 * without what follows. Each commit is synced before the next one is written (`synchronous=FULL`), so a power loss can
 * harm the last one only: with two commits of the same WAL behind the first wrong frame, a synced one is lost.
 *
 * Only for a file that no other process has open: one that is being written looks damaged.
 *
 * @throws DatabaseRefused when commits are lost; nothing is changed.
 */
export function assertWholeWal(file: string): void {
  const wal = `${file}-wal`;
  if (!existsSync(wal)) return;
  const descriptor = openSync(wal, "r");
  try {
    if (!hasLostCommits(descriptor)) return;
  } finally {
    closeSync(descriptor);
  }
  throw new DatabaseRefused(
    `${wal} is damaged: commits in it cannot be read. Restore it and ${file} from a backup, or move it away to go on without its commits.`,
  );
}

function hasLostCommits(descriptor: number): boolean {
  const header = Buffer.alloc(headerBytes);
  if (readSync(descriptor, header, 0, headerBytes, 0) < headerBytes)
    return false;
  const pageBytes = header.readUInt32BE(8);
  const frame = Buffer.alloc(frameHeaderBytes + toFrameBytes(pageBytes));
  const read = (index: number): boolean =>
    readSync(
      descriptor,
      frame,
      0,
      frame.length,
      headerBytes + index * frame.length,
    ) === frame.length;
  const sum = createChecksum(header);
  sum.add(header.subarray(0, 24));
  // The header fits into one sector and is synced before the first frame is written: it is never torn.
  if (!sum.equals(header, 24)) return read(0);

  let isWhole = true;
  let commitsBehind = 0;
  for (let index = 0; read(index); index += 1) {
    const isOfThisWal = header.compare(frame, 8, 16, 16, 24) === 0;
    if (isWhole) {
      sum.add(frame.subarray(0, 8));
      sum.add(frame.subarray(frameHeaderBytes));
      isWhole = isOfThisWal && sum.equals(frame, 16);
    }
    const isCommit = frame.readUInt32BE(4) !== 0;
    if (!isWhole && isOfThisWal && isCommit) commitsBehind += 1;
    if (commitsBehind > 1) return true;
  }
  return false;
}

/** A damaged header may hold any number. */
function toFrameBytes(pageBytes: number): number {
  return pageBytes >= 512 && pageBytes <= 65_536 ? pageBytes : 4096;
}

/** The running checksum of a WAL: two sums over pairs of 32-bit words. */
function createChecksum(header: Buffer) {
  const isBigEndian = header.readUInt32BE(0) === magic + 1;
  let first = 0;
  let second = 0;
  return {
    add(bytes: Buffer): void {
      const view = new DataView(
        bytes.buffer,
        bytes.byteOffset,
        bytes.byteLength,
      );
      for (let at = 0; at < bytes.length; at += 8) {
        first = (first + view.getUint32(at, !isBigEndian) + second) >>> 0;
        second = (second + view.getUint32(at + 4, !isBigEndian) + first) >>> 0;
      }
    },
    equals: (bytes: Buffer, at: number): boolean =>
      bytes.readUInt32BE(at) === first && bytes.readUInt32BE(at + 4) === second,
  };
}
