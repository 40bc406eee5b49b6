import TurndownService from "turndown";
import type { DomElement } from "./dom.ts";
import { toTable } from "./table.ts";
import { toOneLine } from "./text.ts";

/**
 * The Markdown of an HTML tree.
 *
 * Characters are not escaped, emphasis is dropped and links keep their text only, so that the words stand in the
 * Markdown as the reader of the page sees them and can be quoted from it.
 */
export function htmlToMarkdown(root: DomElement): string {
  const service = new TurndownService({
    headingStyle: "atx",
    bulletListMarker: "-",
    codeBlockStyle: "fenced",
    hr: "---",
  });
  service.escape = (text) => text;
  service.remove(["script", "style", "noscript", "template", "iframe"]);
  service.addRule("words-only", {
    filter: ["a", "b", "strong", "i", "em", "u", "del", "s"],
    replacement: (content) => content,
  });
  service.addRule("image", {
    filter: "img",
    replacement: (_content, node) =>
      toOneLine((node as unknown as DomElement).getAttribute("alt") ?? ""),
  });
  service.addRule("heading", {
    filter: ["h1", "h2", "h3", "h4", "h5", "h6"],
    replacement(content, node) {
      const title = toOneLine(content);
      const level = Number(node.nodeName.slice(1));
      return title === "" ? "" : `\n\n${"#".repeat(level)} ${title}\n\n`;
    },
  });
  service.addRule("list-item", {
    filter: "li",
    replacement: (content, node) => listItem(content, node),
  });
  service.addRule("table", {
    filter: "table",
    replacement: (_content, node) => `\n\n${tableOf(node)}\n\n`,
  });
  return service.turndown(root);
}

function listItem(content: string, item: DomElement): string {
  const list = item.parentElement;
  const siblings = [...(list?.children ?? [])];
  const start = Number(list?.getAttribute("start") ?? 1);
  const marker =
    list?.nodeName === "OL"
      ? `${(Number.isInteger(start) ? start : 1) + siblings.indexOf(item)}. `
      : "- ";
  const text = content.trim().replace(/\n{2,}/g, "\n");
  return `\n${marker}${text.replaceAll("\n", `\n${" ".repeat(marker.length)}`)}\n`;
}

/** A table in a cell becomes words of that cell; a caption becomes a line above. */
function tableOf(table: DomElement): string {
  const rows: string[][] = [];
  const caption = table.querySelector("caption");
  for (const row of table.querySelectorAll("tr")) {
    if (row.closest("table") !== table) continue;
    const cells: string[] = [];
    for (const cell of row.children) {
      if (cell.nodeName !== "TD" && cell.nodeName !== "TH") continue;
      cells.push(cellText(cell));
      const span = Math.min(
        Number(cell.getAttribute("colspan") ?? 1) || 1,
        100,
      );
      for (let extra = 1; extra < span; extra += 1) cells.push("");
    }
    rows.push(cells);
  }
  // One cell or one column is how pages were laid out once, not a table.
  if (rows.every((row) => row.length < 2)) {
    return rows.map((row) => row[0] ?? "").join("\n\n");
  }
  const title = toOneLine(caption?.textContent ?? "");
  return `${title === "" ? "" : `${title}\n\n`}${toTable(rows)}`;
}

/** A cell's words, with a blank where a block inside it ends. */
function cellText(cell: DomElement): string {
  for (const block of cell.querySelectorAll("p, li, div, br, tr, td, th")) {
    block.after(cell.ownerDocument.createTextNode(" "));
  }
  return toOneLine(cell.textContent ?? "");
}
