import { element, escapeXml, type Xml } from "./xml.ts";

const ATOM = 'xmlns="http://www.w3.org/2005/Atom"';
const DATA =
  'xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/connect" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"';

/** An entity, or a rule of one, as it is told of. */
export interface EntityEntry {
  /** The path by which it is asked for. */
  readonly path: string;
  readonly name: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** The name of its description. */
  readonly kind: string;
  /** Its description, made when it is needed: counts and sizes are read from the disk. */
  describe(): Xml;
}

/** One entity as the entry that Service Bus gives for it. */
export function toEntityEntry(url: URL, entity: EntityEntry): Xml {
  return toEntry({
    url: new URL(`/${entity.path}${url.search}`, url),
    title: entity.name,
    createdAt: entity.createdAt,
    updatedAt: entity.updatedAt,
    content: element(entity.kind, entity.describe(), DATA),
  });
}

/** A page of entities; `nextSkip` is where the next page begins, undefined after the last. */
export function toEntityFeed(
  url: URL,
  title: string,
  entities: readonly EntityEntry[],
  nextSkip: number | undefined,
): Xml {
  const links = [toLink("self", url)];
  if (nextSkip !== undefined) {
    const next = new URL(url);
    next.searchParams.set("$skip", String(nextSkip));
    links.push(toLink("next", next));
  }
  return element(
    "feed",
    [
      element("title", title, 'type="text"'),
      element("id", escapeXml(url.href)),
      element("updated", new Date().toISOString()),
      ...links,
      ...entities.map((entity) => toEntityEntry(url, entity)),
    ].join(""),
    ATOM,
  );
}

/** The namespace itself: the endpoint is one of the standard tier. */
export function toNamespaceEntry(url: URL, startedAt: number): Xml {
  const started = new Date(startedAt).toISOString();
  const info = [
    element("CreatedTime", started),
    element("MessagingSKU", "Standard"),
    element("ModifiedTime", started),
    element("Name", escapeXml(url.hostname)),
    element("NamespaceType", "Messaging"),
  ];
  return toEntry({
    url,
    title: url.hostname,
    createdAt: startedAt,
    updatedAt: startedAt,
    content: element("NamespaceInfo", info.join(""), DATA),
  });
}

/** Why a request is refused. */
export function toRefusal(status: number, detail: string): Xml {
  return element(
    "Error",
    element("Code", String(status)) + element("Detail", escapeXml(detail)),
  );
}

function toEntry(entry: {
  readonly url: URL;
  readonly title: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly content: Xml;
}): Xml {
  return element(
    "entry",
    [
      element("id", escapeXml(entry.url.href)),
      element("title", escapeXml(entry.title), 'type="text"'),
      element("published", new Date(entry.createdAt).toISOString()),
      element("updated", new Date(entry.updatedAt).toISOString()),
      element("author", element("name", escapeXml(entry.url.hostname))),
      toLink("self", entry.url),
      element("content", entry.content, 'type="application/xml"'),
    ].join(""),
    ATOM,
  );
}

function toLink(relation: "self" | "next", url: URL): Xml {
  return `<link rel="${relation}" href="${escapeXml(url.href)}"/>`;
}
