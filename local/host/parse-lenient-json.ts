/** A string, or a comment: comments inside strings are none. */
const stringsAndComments = /("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
/** A string, or a comma that nothing follows. */
const stringsAndLastCommas = /("(?:\\.|[^"\\])*")|,(?=\s*[}\]])/g;

/**
 * Parses the JSON of host.json and local.settings.json, where Azure's reader allows a byte order mark, comments and a
 * comma behind the last element.
 *
 * @throws SyntaxError for what is no JSON even so.
 */
export function parseLenientJson(text: string): unknown {
  const keepString = (_: string, string: string | undefined): string =>
    string ?? " ";
  return JSON.parse(
    text
      .replace(/^\uFEFF/, "")
      .replace(stringsAndComments, keepString)
      .replace(stringsAndLastCommas, keepString),
  );
}
