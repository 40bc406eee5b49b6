const voidElements =
  /^(?:area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr)$/i;

/**
 * XHTML as a parser of HTML understands it: to that `<title/>` is an element that opens, and the rest of the page its
 * words.
 */
export function expandEmptyElements(xhtml: string): string {
  return xhtml.replace(
    /<([a-z][\w:.-]*)([^<>]*)\/>/gi,
    (whole, name: string, attributes: string) =>
      voidElements.test(name) ? whole : `<${name}${attributes}></${name}>`,
  );
}
