/** What pdf.js says of a run of text. */
export interface TextItem {
  readonly str: string;
  readonly dir: string;
  readonly width: number;
  readonly transform: readonly number[];
}

/** A run of text where it stands on the page: points from the top left, `y` being its baseline. */
export interface Fragment {
  readonly text: string;
  readonly x: number;
  readonly right: number;
  readonly y: number;
  readonly size: number;
  /** Written from right to left. */
  readonly isRtl: boolean;
  /** Runs along the page's lines; what is turned (watermarks, side notes) is read after them. */
  readonly isLevel: boolean;
}

/** Text farther out than this is not on any page. */
const farthest = 100_000;

/** Puts runs of text where the page's viewport `transform` shows them. */
export function toFragments(
  items: readonly TextItem[],
  transform: readonly number[],
): readonly Fragment[] {
  const fragments: Fragment[] = [];
  for (const item of items) {
    if (item.str === "") continue;
    const [a, b, , , e, f] = multiply(transform, item.transform);
    const [, , c, d] = multiply(transform, item.transform);
    const size = Math.hypot(c, d);
    const isPlaced =
      size > 0 && Math.abs(e) < farthest && Math.abs(f) < farthest;
    if (!isPlaced || !(item.width < farthest)) continue;
    fragments.push({
      text: item.str,
      x: e,
      right: e + Math.max(0, item.width),
      y: f,
      size: Math.round(size * 10) / 10,
      isRtl: item.dir === "rtl",
      isLevel: a > 0 && Math.abs(b) < Math.abs(a) * 0.1,
    });
  }
  return fragments;
}

export type Matrix = readonly [number, number, number, number, number, number];

/** The transformation that is `right`, then `left`. */
export function multiply(
  left: readonly number[],
  right: readonly number[],
): Matrix {
  const [a = 1, b = 0, c = 0, d = 1, e = 0, f = 0] = left;
  const [g = 1, h = 0, i = 0, j = 1, k = 0, l = 0] = right;
  return [
    a * g + c * h,
    b * g + d * h,
    a * i + c * j,
    b * i + d * j,
    a * k + c * l + e,
    b * k + d * l + f,
  ];
}
