import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ContentExtractor } from "../../../shared/extraction/extractor.ts";
import { extract, openExtractor } from "./open-extractor.ts";

let extractor: ContentExtractor;
beforeAll(() => {
  extractor = openExtractor();
});
afterAll(() => extractor.close());

const markdown = (...lines: readonly string[]): string =>
  `${lines.join("\n")}\n`;

describe("subtitles", () => {
  test("WebVTT gives a turn per speaker under the time when it begins, its cues joined, its markup taken away", async () => {
    const vtt = [
      "\ufeffWEBVTT - Board meeting",
      "",
      "STYLE",
      "::cue { color: red }",
      "",
      "NOTE made by hand",
      "",
      "intro",
      "00:00:01.000 --> 00:00:04.000 align:left",
      "<v Ada Lovelace>We <i>start</i> with R&amp;D",
      "",
      "00:00:04.000 --> 00:00:06.000",
      "<v Ada Lovelace>and <00:00:05.000>the numbers.</v>",
      "",
      "01:05.500 --> 01:06.000",
      "<v.loud Bob>Fine.",
      "<v Ada Lovelace>Good.",
      "",
      "101:00:00.000 --> 101:00:01.000",
      "Nobody Says This",
    ].join("\n");
    expect(await extract(extractor, vtt, "meeting.txt")).toEqual({
      mediaType: "text/vtt",
      words: 17,
      text: markdown(
        "<!-- time 00:00:01 -->",
        "",
        "- Ada Lovelace: We start with R&D and the numbers.",
        "",
        "<!-- time 00:01:05 -->",
        "",
        "- Bob: Fine.",
        "",
        "<!-- time 00:01:05 -->",
        "",
        "- Ada Lovelace: Good.",
        "",
        "<!-- time 101:00:00 -->",
        "",
        "- Nobody Says This",
      ),
    });
  });

  test("SubRip is known by its first cue, and names before a colon are speakers", async () => {
    const srt = [
      "1",
      "00:00:01,000 --> 00:00:04,000",
      "{\\an8}ADA: <font color=red>Hello</font>",
      "to you all.",
      "",
      "2",
      "00:00:40,000 --> 00:00:42,000",
      "ADA: Still me.",
      "3",
      "00:00:42,000 --> 00:00:43,000",
      "Bob 2: 10: 30 is late.",
    ].join("\r\n");
    const { text, mediaType } = await extract(extractor, srt);
    expect(mediaType).toBe("application/x-subrip");
    expect(text).toBe(
      markdown(
        "<!-- time 00:00:01 -->",
        "",
        "- ADA: Hello to you all.",
        "",
        "<!-- time 00:00:40 -->",
        "",
        "- ADA: Still me.",
        "",
        "<!-- time 00:00:42 -->",
        "",
        "- Bob 2: 10: 30 is late.",
      ),
    );
  });

  test("captions that roll up say each line once, people who repeat themselves twice, and a sentence is not cut before a minute", async () => {
    const cues = [
      ["00:00.000", "00:19.990", "so the first"],
      ["00:19.990", "00:20.000", "so the first"],
      ["00:20.000", "00:40.000", "so the first\nthing that we"],
      ["00:40.000", "01:05.000", "thing that we\nlook at is cost"],
      ["01:05.000", "01:06.000", "look at is cost\nand time. Yes."],
      ["01:06.000", "01:07.000", "Yes."],
      ["01:07.000", "01:08.000", "Yes."],
    ].map(([start, end, text]) => `${start} --> ${end}\n${text}\n`);
    const { text } = await extract(extractor, `WEBVTT\n\n${cues.join("\n")}`);
    expect(text).toBe(
      markdown(
        "<!-- time 00:00:00 -->",
        "",
        "- so the first thing that we look at is cost",
        "",
        "<!-- time 00:01:05 -->",
        "",
        "- and time. Yes. Yes. Yes.",
      ),
    );
  });

  test("a source that says subtitles is believed where cues have no numbers; a text about them stays a text", async () => {
    const cues = "00:00:01,000 --> 00:00:02,000\nHi there\n";
    const declared = await extract(extractor, cues, "a.srt");
    expect(declared.mediaType).toBe("application/x-subrip");
    expect((await extract(extractor, cues)).mediaType).toBe("text/plain");
    const readme = await extract(extractor, "# SRT\n\nNo cue here.", "a.srt");
    expect(readme.mediaType).toBe("text/markdown");
  });
});

describe("RTF", () => {
  const rtf = String.raw`{\rtf1\ansi\ansicpg1250\deff0
{\fonttbl{\f0\fswiss\fcharset0 Arial;}{\f1\fcharset204{\*\panose 02}Arial Cyr;}{\f2\fcharset128 Gothic;}{\f3 Any;}}
{\colortbl;\red0;}{\stylesheet{\ql Normal;}{\s1\outlinelevel0 Beliebig;}{\s2 heading 2;}{\*\cs10 Font;}}
{\info{\author Nobody}}{\header Confidential}{\*\pnseclvl1\pnucrm{\pntxta .}}{\*\generator Writer;}
\pard\plain\s1 Report\par
\pard\plain Gr\'fc\'dfe, \u8364?5 and {\uc2\u26481\'93\'8c}, {\f1\'cf\'f0\'e8}, {\f2\'82\'b1\'82\'f1}, {\f3\'f8},
 \{braces\}\~here{\super\chftn}{\footnote\pard {\super\chftn} A {\b bold} note.}.{\v hidden}\line Next line\par
{\listtext\f3\'b7\tab}\ls1 One\par{\listtext o\tab}\ls1\ilvl1 Deep\par\pard{\pntext 3.\tab}Three\par{\listtext a)\tab}Lettered\par
\pard\s2 Table\par
\trowd\cellx1\cellx2\pard\intbl Name\cell City\cell\row
\trowd\cellx1\cellx2\pard\intbl Ada\par L\cell London | UK\cell\row
\pard {\field{\*\fldinst HYPERLINK "http://x.example"}{\fldrslt A link}} and {\object{\*\objdata 0102}{\result {OBJ}}}{\*\shppict{\pict 0102}}a\
{\shp{\*\shpinst{\sp{\sn x}{\sv 1}}{\shptxt box\par}}{\shprslt old}}end}\par not here`;

  test("text, headings, lists, tables and notes are read in the code page of their font, and nothing else", async () => {
    expect(await extract(extractor, rtf, "a.txt")).toEqual({
      mediaType: "application/rtf",
      words: 35,
      text: markdown(
        "# Report",
        "",
        "Grüße, €5 and 東, При, こん, ř, {braces} here[^1].",
        "Next line",
        "",
        "- One",
        "  - Deep",
        "",
        "3. Three",
        "",
        "- a) Lettered",
        "",
        "## Table",
        "",
        "| Name | City |",
        "| --- | --- |",
        "| Ada L | London \\| UK |",
        "",
        "A link and a",
        "",
        "box",
        "",
        "end",
        "",
        "[^1]: A bold note.",
      ),
    });
  });

  test("rich text that was cut off gives what is there", async () => {
    const { text } = await extract(extractor, "{\\rtf1 One {\\b two");
    expect(text).toBe(markdown("One two"));
  });
});
