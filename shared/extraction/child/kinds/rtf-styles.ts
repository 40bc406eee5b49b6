/** Reads the headings among the styles of an RTF document out of its style sheet. */
export function createRtfStyles() {
  const levels = new Map<number, number>();
  let style: number | undefined;
  let level: number | undefined;
  let name = "";
  return {
    control(word: string, value = 0): void {
      if (word === "s") style = value;
      else if (word === "outlinelevel") level = toHeadingLevel(value);
    },
    /** Characters of a style's name, which ends with a semicolon. */
    add(text: string): void {
      name += text;
      if (!name.includes(";")) return;
      const headingLevel = level ?? levelOf(name.replace(";", "").trim());
      if (style !== undefined && headingLevel !== undefined)
        levels.set(style, headingLevel);
      style = undefined;
      level = undefined;
      name = "";
    },
    /** The level of the heading that paragraphs of `style` are. */
    levelOf: (style: number) => levels.get(style),
  };
}

/** Of an outline level (from 0); the last one is the text itself. */
export function toHeadingLevel(outlineLevel: number): number | undefined {
  return outlineLevel >= 0 && outlineLevel < 9 ? outlineLevel + 1 : undefined;
}

function levelOf(name: string): number | undefined {
  const heading = /^heading ([1-9])\b/i.exec(name)?.[1];
  if (heading !== undefined) return Number(heading);
  if (/^title$/i.test(name)) return 1;
  return /^subtitle$/i.test(name) ? 2 : undefined;
}
