/** What a reference leads to; paths are below `/v1.0/`, ready to be called. */
export type GraphReference =
  | { readonly kind: "item"; readonly path: string }
  | { readonly kind: "hosted-content"; readonly path: string }
  | {
      readonly kind: "attachment";
      readonly messagePath: string;
      readonly attachmentId: string;
    };

const guid = String.raw`[\da-fA-F]{8}(?:-[\da-fA-F]{4}){3}-[\da-fA-F]{12}`;

/** What each id is made of. None may hold what ends a path's segment, once it is encoded again. */
const idPatterns: Readonly<Record<string, RegExp>> = {
  "{drive}": /^[\w!-]{1,128}$/,
  "{item}": /^[\w!-]{1,128}$/,
  "{site}": new RegExp(`^[\\w.-]{1,253},${guid},${guid}$`),
  "{team}": new RegExp(`^${guid}$`),
  "{channel}": /^19:[\w-]{1,128}@thread\.(?:tacv2|skype)$/,
  "{chat}": /^19:[\w-]{1,256}@(?:thread\.v2|unq\.gbl\.spaces)$/,
  "{message}": /^\d{1,20}$/,
  "{attachment}": /^[\w-]{1,128}$/,
  "{hostedContent}": /^[\w+/=-]{1,1024}$/,
};

const itemShapes = [
  "drives/{drive}/items/{item}",
  "sites/{site}/drive/items/{item}",
];
const messageShapes = [
  "teams/{team}/channels/{channel}/messages/{message}",
  "teams/{team}/channels/{channel}/messages/{message}/replies/{message}",
  "chats/{chat}/messages/{message}",
];

/** Where people copy links to files from: SharePoint and OneDrive, in the public and the national clouds. */
const sharingHost =
  /^(?:[a-z\d-]+\.sharepoint(?:\.com|\.us|-mil\.us|\.cn)|1drv\.ms|onedrive\.live\.com)$/;

const maxLength = 4096;

/**
 * What a source URI means to Microsoft Graph, or undefined when it is none of these:
 *
 * - `drives/{id}/items/{id}`, `sites/{id}/drive/items/{id}`
 * - `{message}/attachments/{id}`, `{message}/hostedContents/{id}` of a message in a channel
 *   (`teams/{id}/channels/{id}/messages/{id}`, and `…/replies/{id}`) or in a chat (`chats/{id}/messages/{id}`)
 * - each of them as a URL below `{endpoint}/v1.0/`
 * - a link to a file as SharePoint, OneDrive and Teams give it
 *
 * R1. A path is built from ids that were checked, never taken over: no caller chooses what Graph is asked for.
 */
export function parseGraphReference(
  text: string,
  endpoint: string,
): GraphReference | undefined {
  if (text.length > maxLength) return undefined;
  const base = `${endpoint}/v1.0/`;
  if (!text.startsWith(base) && /^[a-z]+:/i.test(text)) {
    const path = toSharePath(text);
    return path === undefined ? undefined : { kind: "item", path };
  }
  return parsePath(text.startsWith(base) ? text.slice(base.length) : text);
}

/** The path of the file that a link leads to; undefined unless it is a link of SharePoint or OneDrive. */
export function toSharePath(link: string): string | undefined {
  const url = link.length > maxLength ? null : URL.parse(link);
  if (
    url?.protocol !== "https:" ||
    url.port !== "" ||
    url.username !== "" ||
    url.password !== "" ||
    !sharingHost.test(url.hostname)
  )
    return undefined;
  url.hash = "";
  return `shares/u!${Buffer.from(url.href).toString("base64url")}/driveItem`;
}

function parsePath(given: string): GraphReference | undefined {
  for (const shape of itemShapes) {
    const path = match(given, shape)?.path;
    if (path !== undefined) return { kind: "item", path };
  }
  for (const shape of messageShapes) {
    const hosted = match(
      given.replace(/\/\$value$/, ""),
      `${shape}/hostedContents/{hostedContent}`,
    );
    if (hosted !== undefined)
      return { kind: "hosted-content", path: `${hosted.path}/$value` };
    const attachment = match(given, `${shape}/attachments/{attachment}`);
    if (attachment !== undefined)
      return {
        kind: "attachment",
        messagePath: attachment.path.split("/").slice(0, -2).join("/"),
        attachmentId: attachment.lastId,
      };
  }
  return undefined;
}

/** The path when every segment is as the shape says, its ids encoded anew; and the last id as it is. */
function match(
  given: string,
  shape: string,
): { readonly path: string; readonly lastId: string } | undefined {
  const parts = given.split("/").map(decodeSegment);
  const expected = shape.split("/");
  const isMatch =
    parts.length === expected.length &&
    expected.every((part, index) => {
      const pattern = idPatterns[part];
      const value = parts[index] ?? "";
      return pattern === undefined ? value === part : pattern.test(value);
    });
  return isMatch
    ? {
        path: parts.map(encodeURIComponent).join("/"),
        lastId: parts.at(-1) ?? "",
      }
    : undefined;
}

/** What cannot be decoded matches nothing. */
function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return "";
  }
}
