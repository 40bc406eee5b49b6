/** The body as JSON text, unchanged; undefined when it is empty or no JSON. */
export function readJsonText(body: Buffer): string | undefined {
  const text = body.toString("utf8").trim();
  try {
    JSON.parse(text);
    return text;
  } catch {
    return undefined;
  }
}
