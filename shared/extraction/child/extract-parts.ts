import { posix } from "node:path";
import { partMark } from "../marks.ts";
import {
  type DocumentHeader,
  type ExtractionCode,
  type JobHeader,
  maxPartDepth,
  maxPartName,
  maxParts,
  type PartHeader,
} from "../protocol.ts";
import {
  type ContainedDocument,
  extractDocument,
  type ExtractionLimits,
} from "./extract-document.ts";
import { toExtractionCode, Unreadable } from "./unreadable.ts";

/** Takes what is read, in the order of the answer. */
export interface AnswerSink {
  text(piece: Buffer): void;
  read(header: DocumentHeader): void;
  part(header: PartHeader): void;
  failed(code: ExtractionCode): void;
}

/**
 * Reads the document in `bytes` and then every document in it, one after another, parts of parts after the part that
 * they are in. A part that cannot be read fails alone.
 *
 * @throws Unreadable when the document itself cannot be read, or holds too many others.
 */
export async function extractWithParts(
  bytes: Buffer,
  header: JobHeader,
  limits: ExtractionLimits,
  sink: AnswerSink,
): Promise<void> {
  const answered = header.answeredParts;
  let opened = 0;
  let known = 0;

  const extract = async (
    content: Buffer,
    hints: JobHeader,
    { path, depth, isWanted }: Step,
  ): Promise<readonly ContainedDocument[]> => {
    const { sections, contained, ...read } = await extractDocument(
      content,
      hints,
      limits,
    );
    known += contained.length;
    if (contained.length > 0 && (known > maxParts || depth > maxPartDepth)) {
      known -= contained.length;
      throw new Unreadable("extraction_too_large");
    }
    if (isWanted) {
      if (path !== undefined) sink.text(Buffer.from(`${partMark(path)}\n\n`));
      for (const section of sections) sink.text(section);
      sink.read(read);
    }
    return contained;
  };

  const walk = async (
    parts: readonly ContainedDocument[],
    above: string,
    depth: number,
  ): Promise<void> => {
    for (const [index, part] of parts.entries()) {
      opened += 1;
      // The last one that was answered is the one that ended its reader.
      if (opened === answered) continue;
      const isWanted = answered === undefined || opened > answered;
      const path = `${above}${index + 1}`;
      if (isWanted) sink.part(toPartHeader(part, opened, path));
      let contained: readonly ContainedDocument[] = [];
      try {
        contained = await extract(await part.bytes(), toHints(part), {
          path,
          depth,
          isWanted,
        });
      } catch (thrown) {
        if (isWanted) sink.failed(toExtractionCode(thrown));
      }
      await walk(contained, `${path}.`, depth + 1);
    }
  };

  const whole = { depth: 1, isWanted: answered === undefined };
  await walk(await extract(bytes, header, whole), "", 2);
}

/** Where the walk stands. */
interface Step {
  /** Undefined for the document itself. */
  readonly path?: string;
  readonly depth: number;
  /** Not answered before. */
  readonly isWanted: boolean;
}

function toPartHeader(
  { name, sizeBytes }: ContainedDocument,
  number: number,
  path: string,
): PartHeader {
  return {
    number,
    path,
    ...(name !== undefined &&
      name !== "" && { name: name.toWellFormed().slice(0, maxPartName) }),
    ...(sizeBytes !== undefined && { sizeBytes }),
  };
}

function toHints({ name, declaredMediaType }: ContainedDocument): JobHeader {
  const extension = posix.extname(name ?? "").toLowerCase();
  return {
    ...(declaredMediaType !== undefined && { declaredMediaType }),
    ...(extension !== "" && { extension }),
  };
}
