/** Well-formed XML. */
export type Xml = string;

/** An element with its content, which is XML already, and its attributes as they are written. */
export function element(name: string, content: Xml, attributes = ""): Xml {
  const opening = attributes === "" ? name : `${name} ${attributes}`;
  return `<${opening}>${content}</${name}>`;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

/** Text as the content of an element or the value of an attribute. */
export function escapeXml(text: string): Xml {
  return text.replaceAll(/[&<>"]/g, (character) => entities[character] ?? "");
}
