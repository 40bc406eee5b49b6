/** A literal or a parameter of a segment such as `v{version}.json`. */
export interface SegmentPart {
  readonly text: string;
  readonly isParameter: boolean;
}

/**
 * The texts of a segment's parameters, or undefined when it does not match. As in ASP.NET it is cut from its end, each
 * literal where it occurs last, and never in another way: the time is that of reading it, whatever the caller sends.
 */
export function cutSegment(
  segment: string,
  parts: readonly SegmentPart[],
): string[] | undefined {
  const wanted = segment.toLowerCase();
  const values: string[] = [];
  /** What lies before this is not cut yet. */
  let end = segment.length;
  let isParameterOpen = false;
  for (const { text, isParameter } of parts.toReversed()) {
    if (isParameter) {
      isParameterOpen = true;
      continue;
    }
    const literal = text.toLowerCase();
    // A parameter has one character at least.
    const last = end - literal.length - (isParameterOpen ? 1 : 0);
    if (last < 0) return undefined;
    const at = isParameterOpen ? wanted.lastIndexOf(literal, last) : last;
    if (!wanted.startsWith(literal, at)) return undefined;
    if (isParameterOpen) values.unshift(segment.slice(at + text.length, end));
    isParameterOpen = false;
    end = at;
  }
  if (isParameterOpen) values.unshift(segment.slice(0, end));
  return isParameterOpen === end > 0 ? values : undefined;
}
