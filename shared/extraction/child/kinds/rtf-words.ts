/** Control words that are characters. */
export const characters: ReadonlyMap<string, string> = new Map([
  ["tab", "\t"],
  ["line", "\n"],
  ["lbr", "\n"],
  ["emdash", "\u2014"],
  ["endash", "\u2013"],
  ["emspace", "\u2003"],
  ["enspace", "\u2002"],
  ["qmspace", "\u2005"],
  ["bullet", "\u2022"],
  ["lquote", "\u2018"],
  ["rquote", "\u2019"],
  ["ldblquote", "\u201c"],
  ["rdblquote", "\u201d"],
  ["~", "\u00a0"],
  ["_", "\u2011"],
  ["\\", "\\"],
  ["{", "{"],
  ["}", "}"],
]);

/** Groups whose text is none of the document's: tables, running heads, pictures, objects, codes of fields, indexes. */
export const unsaid: ReadonlySet<string> = new Set([
  "annotation",
  "atnauthor",
  "atnid",
  "colortbl",
  "filetbl",
  "fldinst",
  "footer",
  "footerf",
  "footerl",
  "footerr",
  "ftncn",
  "ftnsep",
  "ftnsepc",
  "header",
  "headerf",
  "headerl",
  "headerr",
  "info",
  "listtable",
  "listoverridetable",
  "nonesttables",
  "nonshppict",
  "object",
  "pict",
  "revtbl",
  "rxe",
  "shprslt",
  "sp",
  "tc",
  "tcn",
  "template",
  "txe",
  "xe",
]);

/** Of the groups that a reader may ignore (`\*`), those whose text is said. */
export const saidThough: ReadonlySet<string> = new Set([
  "shpinst",
  "nesttableprops",
  "footnote",
]);

/** Control words that end a paragraph, cell or row. A backslash before a line's end is a `\par`. */
export const blockEnds: ReadonlySet<string> = new Set([
  "par",
  "sect",
  "cell",
  "row",
  "nestcell",
  "nestrow",
  "\r",
  "\n",
]);
