import { createHash, randomUUID } from "node:crypto";

/** A file in a drive of a tenant, in one version. */
export interface DriveFile {
  readonly tenantId: string;
  readonly driveId: string;
  readonly itemId: string;
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly mimeType: string;
  /** Its count of versions; the item's and the content's tag are made of it. */
  readonly version: number;
  /** What else the item says of itself: another facet, or one that is missing. */
  readonly facets: Readonly<Record<string, unknown>>;
  /** Answers 403, as where the app has no permission. */
  readonly isForbidden: boolean;
  /** The download breaks off after ten bytes. */
  readonly isShrinking: boolean;
}

/** Where an item can be opened in a browser; sharing links of it lead there too. */
export function webUrlOf({ name }: DriveFile): string {
  return `https://contoso.sharepoint.com/sites/team/Shared%20Documents/${encodeURIComponent(name)}`;
}

/** The item as `GET /drives/{id}/items/{id}` gives it. */
export function toDriveItem(
  file: DriveFile,
  origins: { readonly graph: string; readonly download: string },
): Readonly<Record<string, unknown>> {
  const uniqueId = file.itemId.toUpperCase();
  const user = {
    user: {
      email: "ada@contoso.example",
      id: randomUUID(),
      displayName: "Ada",
    },
  };
  return {
    "@odata.context": `${origins.graph}/v1.0/$metadata#drives('${file.driveId}')/items/$entity`,
    "@microsoft.graph.downloadUrl": downloadUrlOf(file, origins.download),
    createdDateTime: "2026-01-05T09:00:00Z",
    eTag: `"{${uniqueId}},${file.version + 3}"`,
    id: file.itemId,
    lastModifiedDateTime: "2026-01-06T09:00:00Z",
    name: file.name,
    webUrl: webUrlOf(file),
    cTag: `"c:{${uniqueId}},${file.version}"`,
    size: file.bytes.byteLength,
    createdBy: user,
    lastModifiedBy: user,
    parentReference: {
      driveType: "documentLibrary",
      driveId: file.driveId,
      id: "01ROOT",
      name: "Shared Documents",
      path: `/drives/${file.driveId}/root:`,
    },
    file: {
      mimeType: file.mimeType,
      hashes: {
        quickXorHash: createHash("sha1").update(file.bytes).digest("base64"),
      },
    },
    fileSystemInfo: {
      createdDateTime: "2026-01-05T09:00:00Z",
      lastModifiedDateTime: "2026-01-06T09:00:00Z",
    },
    shared: { scope: "users" },
    ...file.facets,
  };
}

/** A pre-authenticated address: whoever has it needs no token. */
export function downloadUrlOf(file: DriveFile, origin: string): string {
  const query = new URLSearchParams({
    UniqueId: file.itemId,
    Translate: "false",
    tempauth: toTempAuth(keyOf(file)),
    ApiVersion: "2.0",
  });
  return `${origin}/sites/team/_layouts/15/download.aspx?${query.toString()}`;
}

/** What a drive's item is kept under. */
export function keyOf({
  driveId,
  itemId,
}: Pick<DriveFile, "driveId" | "itemId">): string {
  return `${driveId}/${itemId}`;
}

function toTempAuth(key: string): string {
  return `v1.${Buffer.from(key).toString("base64url")}`;
}

/** What a pre-authenticated address opens. */
export function fromTempAuth(tempAuth: string | null): string {
  return Buffer.from(tempAuth?.slice(3) ?? "", "base64url").toString();
}

/** Graph's error envelope. */
export function toErrorBody(code: string, message: string): object {
  const requestId = randomUUID();
  return {
    error: {
      code,
      message,
      innerError: {
        date: "2026-01-06T09:00:00",
        "request-id": requestId,
        "client-request-id": requestId,
      },
    },
  };
}

/** A chatMessage, which has the attachments, as `GET …/messages/{id}` gives it. */
export function toChatMessage(
  id: string,
  attachments: readonly object[],
): object {
  return {
    "@odata.context":
      "https://graph.microsoft.com/v1.0/$metadata#teams('t')/channels('c')/messages/$entity",
    id,
    replyToId: null,
    etag: id,
    messageType: "message",
    createdDateTime: "2026-01-06T09:00:00.000Z",
    lastEditedDateTime: null,
    deletedDateTime: null,
    subject: null,
    importance: "normal",
    locale: "en-us",
    from: {
      application: null,
      device: null,
      user: {
        id: randomUUID(),
        displayName: "Ada",
        userIdentityType: "aadUser",
      },
    },
    body: { contentType: "html", content: "<attachment></attachment>" },
    attachments,
    mentions: [],
    reactions: [],
  };
}
