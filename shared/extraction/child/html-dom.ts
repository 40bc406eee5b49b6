import { parseHTML } from "linkedom";
import type { DomDocument, DomElement, DomNode } from "./dom.ts";

/** Below this the tree is flattened: browsers stop at 512, and what comes after us walks it recursively. */
const maxDepth = 150;

/** The document that `html` describes, as browsers would build it: with a body, and no deeper than can be walked. */
export function parseHtml(html: string): DomDocument {
  const hasRoot = /<html[\s>]/i.test(html);
  const whole = hasRoot
    ? html
    : `<!doctype html><html><head></head><body>${html.replace(/<!doctype[^>]*>/i, "")}</body></html>`;
  const { document } = parseHTML(whole) as unknown as {
    readonly document: DomDocument;
  };
  limitDepth(document.documentElement);
  return document;
}

/** Removes every element that matches `selector`. */
export function removeAll(
  root: DomElement | DomDocument,
  selector: string,
): void {
  for (const element of root.querySelectorAll(selector)) element.remove();
}

function limitDepth(root: DomElement): void {
  const stack: { element: DomElement; depth: number }[] = [
    { element: root, depth: 0 },
  ];
  for (;;) {
    const top = stack.pop();
    if (top === undefined) return;
    const { element, depth } = top;
    if (depth >= maxDepth) {
      element.replaceChildren(
        element.ownerDocument.createTextNode(collectText(element)),
      );
      continue;
    }
    for (const child of element.children) {
      stack.push({ element: child, depth: depth + 1 });
    }
  }
}

/** Like `textContent`, without recursion. */
function collectText(root: DomElement): string {
  const texts: string[] = [];
  const stack: DomNode[] = [root];
  for (;;) {
    const node = stack.pop();
    if (node === undefined) return texts.join(" ");
    if (node.nodeType === 3) texts.push(node.nodeValue ?? "");
    else if (!/^(?:script|style)$/i.test(node.nodeName)) {
      stack.push(...[...node.childNodes].toReversed());
    }
  }
}
