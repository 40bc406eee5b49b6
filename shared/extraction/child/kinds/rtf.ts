import { createRtfBlocks } from "./rtf-blocks.ts";
import { createRtfFonts, decodeBytes } from "./rtf-fonts.ts";
import { createRtfGroups, toDestination, toFormat } from "./rtf-group.ts";
import { createRtfStyles } from "./rtf-styles.ts";
import { toRtfTokens } from "./rtf-tokens.ts";
import { blockEnds, characters } from "./rtf-words.ts";

/**
 * Rich Text Format as Markdown: paragraphs, headings, lists and tables as far as it tells them, its notes at the end as
 * `[^1]: …`. Objects, pictures, running heads and the codes of fields are left out.
 */
export function readRtf(bytes: Buffer): string {
  const reader = createRtfReader();
  for (const token of toRtfTokens(bytes.toString("latin1"))) {
    if (token.kind === "bytes") reader.addBytes(token.bytes);
    else if (token.kind === "open") reader.open();
    else if (token.kind === "control") reader.control(token.word, token.value);
    // What follows the document's own group is none of it.
    else if (reader.close() === 0) break;
  }
  return reader.finish();
}

function createRtfReader() {
  const text = createRtfText();
  const { groups } = text;
  let isGroupNew = false;
  let isIgnorable = false;
  /** How many characters are still to be passed over, as Unicode has said them. */
  let fallback = 0;
  const beginGroup = (isNew: boolean): void => {
    isGroupNew = isNew;
    isIgnorable = false;
    fallback = 0;
  };
  return {
    open(): void {
      text.flush();
      groups.open();
      beginGroup(true);
    },
    /** Returns how many groups are still open. */
    close(): number {
      text.endGroup();
      beginGroup(false);
      return groups.depth;
    },
    addBytes(bytes: string): void {
      const skipped = Math.min(fallback, bytes.length);
      fallback -= skipped;
      isGroupNew = false;
      text.addBytes(bytes.slice(skipped));
    },
    control(word: string, value: number | undefined): void {
      text.flush();
      if (fallback > 0 && word !== "u") {
        fallback -= 1;
        return;
      }
      if (word === "*") {
        isIgnorable = true;
        return;
      }
      const isDestination = isGroupNew && text.begin(word, isIgnorable);
      isGroupNew = false;
      if (isDestination || groups.current.destination === "nothing") return;
      if (word !== "u") text.control(word, value);
      else {
        text.write(String.fromCharCode((value ?? 0) & 0xffff));
        fallback = groups.current.fallbackLength;
      }
    },
    finish: () => text.finish(),
  };
}

/** Brings the text of groups to where it belongs, and follows what is said of it. */
function createRtfText() {
  const groups = createRtfGroups();
  const blocks = createRtfBlocks();
  const fonts = createRtfFonts();
  const styles = createRtfStyles();
  /** Bytes that are decoded together: a character can take several. */
  let bytes = "";

  const write = (text: string): void => {
    const { destination, isHidden } = groups.current;
    if (destination === "styles") styles.add(text);
    else if (isHidden) return;
    else if (destination === "text") blocks.add(text);
    else if (destination === "marker") blocks.addMarker(text);
  };
  const flush = (): void => {
    if (bytes === "") return;
    write(decodeBytes(bytes, fonts.codePageOf(groups.current.font)));
    bytes = "";
  };
  const endBlock = (word: string): void => {
    if (word === "cell") blocks.endCell();
    else if (word === "row") blocks.endRow();
    else if (word === "nestcell" || word === "nestrow") blocks.add(" ");
    else blocks.endParagraph(groups.current);
  };

  return {
    groups,
    write,
    flush,
    addBytes(more: string): void {
      if (groups.current.destination !== "nothing") bytes += more;
    },
    /** True when `word`, the first of its group, says what the group is for. */
    begin(word: string, isIgnorable: boolean): boolean {
      if (groups.current.destination === "nothing") return false;
      const destination = toDestination(word, isIgnorable);
      if (destination === undefined) return false;
      groups.change(destination);
      if (groups.current.isNote) blocks.beginNote();
      return true;
    },
    control(word: string, value: number | undefined): void {
      const { destination } = groups.current;
      if (destination === "fonts") fonts.define(word, value);
      else if (destination === "styles") styles.control(word, value);
      else if (characters.has(word)) write(characters.get(word) ?? "");
      else if (destination === "text" && blockEnds.has(word)) endBlock(word);
      else if (word === "s")
        groups.change({ level: styles.levelOf(value ?? 0) });
      else {
        const format = toFormat(word, value);
        if (format === undefined) fonts.declare(word, value);
        else groups.change(format);
      }
    },
    endGroup(): void {
      flush();
      if (groups.current.isNote) blocks.endNote();
      groups.close();
    },
    /** The Markdown, with the groups ended that a document cut off has left open. */
    finish(): string {
      flush();
      const last = groups.current;
      while (groups.depth > 0) this.endGroup();
      return blocks.finish(last);
    },
  };
}
