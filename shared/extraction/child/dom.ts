/** As much of the DOM as reading a document takes: the whole would bring a browser's globals into every file's types. */
export interface DomNode {
  readonly nodeType: number;
  readonly nodeName: string;
  readonly nodeValue: string | null;
  readonly childNodes: Iterable<DomNode>;
  textContent: string | null;
}

export interface DomElement extends DomNode {
  readonly children: Iterable<DomElement>;
  readonly parentElement: DomElement | null;
  readonly ownerDocument: DomDocument;
  getAttribute(name: string): string | null;
  closest(selector: string): DomElement | null;
  querySelector(selector: string): DomElement | null;
  querySelectorAll(selector: string): Iterable<DomElement>;
  after(node: DomNode): void;
  remove(): void;
  replaceChildren(...nodes: DomNode[]): void;
}

export interface DomDocument {
  readonly documentElement: DomElement;
  readonly body: DomElement;
  createTextNode(text: string): DomNode;
  cloneNode(deep: boolean): DomDocument;
  getElementById(id: string): DomElement | null;
  querySelector(selector: string): DomElement | null;
  querySelectorAll(selector: string): Iterable<DomElement>;
}
