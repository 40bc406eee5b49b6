import { toDecodedViews } from "./decoded-views.ts";
import {
  findMembers,
  findMembersAtStart,
  type Member,
} from "./inflated-members.ts";
import {
  createMarkerSearch,
  minimumPatternBytes,
  type Pattern,
} from "./marker-search.ts";
import { toTextRegions, type Region } from "./text-regions.ts";
import { createWordRunSearch, type SourceText } from "./word-runs.ts";

/** A text that must not be found, and the name by which a finding calls it. */
export interface Marker {
  readonly name: string;
  readonly text: string;
}

export interface ScannerOptions {
  readonly markers: readonly Marker[];
  /** Texts of which no eight consecutive words may be found. */
  readonly sources: readonly SourceText[];
}

/** Where content was found. It names the content and never quotes it. */
export interface Finding {
  readonly marker: string;
  /** The layers of encoding from the outside in, such as `raw` or `base64 > gzip`. */
  readonly encoding: string;
  /** Bytes from the beginning; for encoded content, where the encoded stretch begins. */
  readonly offset: number;
}

export interface LeakScanner {
  /** Searches one item: a file, a value, a message. Each marker is reported once per encoding. */
  scan(
    item: Uint8Array | AsyncIterable<Uint8Array>,
  ): Promise<readonly Finding[]>;
}

/** Files are searched in windows that overlap, so that nothing hides across a border. */
const windowBytes = 8 * 1024 * 1024;
const overlapBytes = 64 * 1024;
/** A longer marker is searched by its beginning, so that every form of it is shorter than the overlap. */
const maximumMarkerCharacters = 160;
const maximumLayers = 3;
const minimumEncodedBytes = 8;
/** Eight words take at least so much. */
const minimumTextBytes = 24;
/** Signs whose UTF-16 does not show by small high bytes, and controls. */
const beyondEurope = /[^\t-\r\u0020-\u007e\u0080-\u05ff]/;
/** Reported instead of a marker when something inflates to more than can be searched. */
const unsearchable = "compressed data beyond the limit";

/** One window of an item, or what was decoded from it. */
interface Layer {
  readonly bytes: Buffer;
  readonly encodings: readonly string[];
  readonly isStart: boolean;
  readonly isInnermost: boolean;
  toOffset(offset: number): number;
}

/** Whether a marker is long enough to be searched without finding it by chance. */
export function isSearchable(text: string): boolean {
  return Buffer.byteLength(text) >= minimumPatternBytes;
}

/**
 * Creates the scanner that proves that content is nowhere: it knows the markers in UTF-8 and UTF-16 and the sources'
 * runs of eight words, and searches bytes as they are and with up to three layers of encoding or compression removed.
 *
 * Brotli and raw deflate carry no signature and are found where an item or an encoded stretch begins.
 */
export function createLeakScanner(options: ScannerOptions): LeakScanner {
  const searchMarkers = createMarkerSearch(options.markers.flatMap(toPatterns));
  const searchRuns = createWordRunSearch(options.sources);
  const isWholesale = options.markers.some(({ text }) =>
    beyondEurope.test(text),
  );

  const searchLayer = (layer: Layer, report: Report): void => {
    const { bytes, encodings } = layer;
    searchMarkers(bytes, (pattern, offset) => {
      report(
        pattern.marker,
        [...encodings, pattern.encoding],
        layer.toOffset(offset),
      );
    });
    const regions = toTextRegions(bytes, minimumEncodedBytes);
    for (const { start, end } of regions)
      if (end - start >= minimumTextBytes)
        searchRuns(bytes.toString("utf8", start, end), (source) => {
          report(source, [...encodings, "words"], layer.toOffset(start));
        });
    if (layer.isInnermost || encodings.length >= maximumLayers) return;
    for (const inner of innerLayers(layer, regions, { report, isWholesale }))
      searchLayer(inner, report);
  };

  return {
    scan: async (item) => {
      const findings = new Map<string, Finding>();
      const report: Report = (marker, encodings, offset) => {
        const outer = encodings.filter((name) => name !== "raw");
        const encoding = outer.length === 0 ? "raw" : outer.join(" > ");
        const key = JSON.stringify([marker, encoding]);
        if (!findings.has(key)) findings.set(key, { marker, encoding, offset });
      };
      for await (const { bytes, offset } of toWindows(item))
        searchLayer(
          {
            bytes,
            encodings: [],
            isStart: offset === 0,
            isInnermost: false,
            toOffset: (at) => offset + at,
          },
          report,
        );
      return [...findings.values()];
    },
  };
}

type Report = (
  marker: string,
  encodings: readonly string[],
  offset: number,
) => void;

function* innerLayers(
  layer: Layer,
  regions: readonly Region[],
  {
    report,
    isWholesale,
  }: { readonly report: Report; readonly isWholesale: boolean },
): Generator<Layer> {
  const { bytes, encodings } = layer;
  const toLayers = function* (
    members: Iterable<Member>,
    toOffset: (offset: number) => number,
  ): Generator<Layer> {
    for (const { encoding, offset, bytes: inflated } of members) {
      const path = [...encodings, encoding];
      const at = toOffset(offset);
      if (inflated === undefined) report(unsearchable, path, at);
      else
        yield {
          bytes: inflated,
          encodings: path,
          isStart: true,
          isInnermost: false,
          toOffset: () => at,
        };
    }
  };
  yield* toLayers(findMembers(bytes), layer.toOffset);
  if (layer.isStart)
    yield* toLayers(findMembersAtStart(bytes, 0), layer.toOffset);
  const { views, binaryPieces } = toDecodedViews(bytes, regions, {
    isWholesale,
  });
  for (const view of views)
    yield {
      bytes: view.bytes,
      encodings: [...encodings, view.encoding],
      isStart: false,
      isInnermost: view.isInnermost,
      toOffset: (offset) => layer.toOffset(view.toOrigin(offset)),
    };
  for (const piece of binaryPieces)
    yield* toLayers(findMembersAtStart(piece.bytes, 0), () =>
      layer.toOffset(piece.origin),
    );
}

/** The forms of a marker that no decoding brings to light: UTF-8 and UTF-16, composed and decomposed. */
function toPatterns({ name, text }: Marker): Pattern[] {
  const forms = new Set([text, text.normalize("NFC"), text.normalize("NFD")]);
  return [...forms].flatMap((form) => {
    const beginning = form.slice(0, maximumMarkerCharacters);
    const utf16 = Buffer.from(beginning, "utf16le");
    return [
      { marker: name, encoding: "raw", bytes: Buffer.from(beginning, "utf8") },
      { marker: name, encoding: "utf-16le", bytes: utf16 },
      {
        marker: name,
        encoding: "utf-16be",
        bytes: Buffer.from(utf16).swap16(),
      },
    ];
  });
}

async function* toWindows(
  item: Uint8Array | AsyncIterable<Uint8Array>,
): AsyncGenerator<{ bytes: Buffer; offset: number }> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  let offset = 0;
  const chunks = item instanceof Uint8Array ? [item] : item;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.byteLength; at += windowBytes) {
      const part = chunk.subarray(at, at + windowBytes);
      pending.push(part);
      pendingBytes += part.byteLength;
      if (pendingBytes < windowBytes) continue;
      const bytes = Buffer.concat(pending);
      yield { bytes, offset };
      const kept = bytes.subarray(bytes.length - overlapBytes);
      offset += bytes.length - kept.length;
      pending = [kept];
      pendingBytes = kept.length;
    }
  }
  // What is left after the last full window is its overlap only when nothing followed: searched already.
  if (offset === 0 || pendingBytes > overlapBytes)
    yield { bytes: Buffer.concat(pending), offset };
}
