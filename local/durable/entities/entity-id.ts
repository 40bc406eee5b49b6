/** An entity's name, in lower case, and its key. */
export interface EntityId {
  readonly name: string;
  readonly key: string;
}

/** Creates an ID: names ignore case, so they are kept in lower case; keys are taken as they are. */
export function createEntityId(name: string, key: string): EntityId {
  return { name: name.toLowerCase(), key };
}

/** `@name@key`: the instance ID under which an entity receives its messages. */
export function toSchedulerId({ name, key }: EntityId): string {
  return `@${name.toLowerCase()}@${key}`;
}

/** Reads `@name@key`; undefined when the text is of another form. */
export function fromSchedulerId(text: string): EntityId | undefined {
  const end = text.indexOf("@", 1);
  return text.startsWith("@") && end > 1
    ? createEntityId(text.slice(1, end), text.slice(end + 1))
    : undefined;
}
