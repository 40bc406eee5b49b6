import type { TokenCredential } from "@azure/identity";
import { z } from "zod";
import type { EgressResponse, SafeClient } from "../../egress/safe-client.ts";
import type { Now } from "../../kernel/clock.ts";
import { Content } from "../../kernel/content.ts";
import { NucleusError } from "../../kernel/errors.ts";
import { MediaType } from "../../kernel/metadata.ts";
import type {
  ArtifactProvider,
  ArtifactRequest,
  OpenArtifact,
} from "../artifact-provider.ts";
import { createGraphClient, type GraphClient } from "../graph/graph-client.ts";
import {
  parseGraphReference,
  toSharePath,
  type GraphReference,
} from "../graph/graph-reference.ts";
import { getGraphToken } from "../graph/graph-token.ts";

const selectedFields = "$select=size,eTag,cTag,file,malware";

/** Only a file has the `file` facet: a folder, a notebook (`package`) and a shortcut (`remoteItem`) do not. */
const DriveItem = z.object({
  size: z.number().nullish(),
  eTag: z.string().nullish(),
  cTag: z.string().nullish(),
  file: z.object({ mimeType: z.string().nullish() }).nullish(),
  malware: z.object({}).nullish(),
});
type DriveItem = z.infer<typeof DriveItem>;

/** A file in Teams is a `reference`; whatever else is attached (cards, quoted messages) has no bytes of its own. */
const Message = z.object({
  attachments: z
    .array(
      z.object({
        id: z.string(),
        contentType: z.string().nullish(),
        contentUrl: z.string().nullish(),
      }),
    )
    .default([]),
});

export interface MicrosoftGraphOptions {
  readonly client: SafeClient;
  readonly now: Now;
  /** The app's registration as one tenant knows it: `createGraphCredentials`. */
  readonly credentialFor: (tenantId: string) => TokenCredential;
  /** An origin; another one in the national clouds. */
  readonly graphEndpoint?: string;
  readonly scope?: string;
  /** For each call, from the request to the last byte. */
  readonly timeoutMs?: number;
}

/**
 * Files in SharePoint and OneDrive, and what is attached to messages in Teams.
 *
 * G1. Graph is asked with a token of the tenant whose job it is, and never with another's.
 * G2. Only the shapes of `parseGraphReference` are asked for.
 * G3. The version that is handed out is the one that the etag names. Downloads take no `If-Match`, so the item's content
 *     tag is read before and again once the download has begun: one answer is one version, and it lies in between.
 *
 * Graph knows the app, not the user who asks: what the app may read in a tenant, every adapter of that tenant can have
 * read. The least application permissions are `Sites.Selected` (with `read` on each site) for items by drive or site,
 * `Files.Read.All` for links and for files in chats, which lie in OneDrive, `ChannelMessage.Read.Group` or `.All` for
 * messages in channels, and `ChatMessage.Read.Chat` or `Chat.Read.All` for those in chats.
 */
export function createMicrosoftGraphProvider({
  client,
  now,
  credentialFor,
  graphEndpoint = "https://graph.microsoft.com",
  scope = "https://graph.microsoft.com/.default",
  timeoutMs = 120_000,
}: MicrosoftGraphOptions): ArtifactProvider {
  return {
    referenceType: "microsoft-graph",
    async open({ tenantId, sourceUri, maxBytes, signal }) {
      const reference = parseGraphReference(
        sourceUri.revealText(),
        graphEndpoint,
      );
      if (reference === undefined || !isEntraTenant(tenantId))
        throw new NucleusError("artifact_refused");
      const graph = createGraphClient({
        client,
        endpoint: graphEndpoint,
        token: await getGraphToken(credentialFor(tenantId), scope, signal),
        timeoutMs,
        signal,
        now,
      });
      return openReference(graph, reference, maxBytes);
    },
  };
}

function isEntraTenant(tenantId: ArtifactRequest["tenantId"]): boolean {
  return z.guid().safeParse(tenantId).success;
}

async function openReference(
  graph: GraphClient,
  reference: GraphReference,
  maxBytes: number,
): Promise<OpenArtifact> {
  switch (reference.kind) {
    case "item":
      return openItem(graph, reference.path, maxBytes);
    case "hosted-content": {
      const response = await graph.open(reference.path, maxBytes);
      return toArtifact(await within(response, maxBytes));
    }
    case "attachment":
      return openItem(graph, await findAttached(graph, reference), maxBytes);
    default:
      return reference satisfies never;
  }
}

/** The path of the file that a message's attachment refers to. */
async function findAttached(
  graph: GraphClient,
  reference: Extract<GraphReference, { kind: "attachment" }>,
): Promise<string> {
  const message = await graph.read(reference.messagePath, Message);
  const attachment = message.attachments.find(
    ({ id }) => id === reference.attachmentId,
  );
  if (attachment === undefined) throw new NucleusError("artifact_not_found");
  const { contentType, contentUrl } = attachment;
  const path =
    contentType === "reference" ? toSharePath(contentUrl ?? "") : undefined;
  if (path === undefined) throw new NucleusError("artifact_rejected");
  return path;
}

async function openItem(
  graph: GraphClient,
  path: string,
  maxBytes: number,
): Promise<OpenArtifact> {
  const item = await graph.read(`${path}?${selectedFields}`, DriveItem);
  if (!item.file || item.malware) throw new NucleusError("artifact_rejected");
  if ((item.size ?? 0) > maxBytes) throw new NucleusError("artifact_too_large");
  const response = await within(
    await graph.open(`${path}/content`, maxBytes),
    maxBytes,
  );
  try {
    const again = await graph.read(`${path}?${selectedFields}`, DriveItem);
    // It is being written: a later attempt sees one version.
    if (tagOf(again) !== tagOf(item))
      throw new NucleusError("artifact_unreachable");
  } catch (thrown) {
    await response.discard();
    throw thrown;
  }
  return toArtifact(response, item);
}

/** The content's own tag: the item's changes with its name and its permissions too. */
function tagOf({ cTag, eTag }: DriveItem): string | undefined {
  return cTag ?? eTag ?? undefined;
}

async function within(
  response: EgressResponse,
  maxBytes: number,
): Promise<EgressResponse> {
  if ((response.sizeBytes ?? 0) <= maxBytes) return response;
  await response.discard();
  throw new NucleusError("artifact_too_large");
}

/** The size is the download's: SharePoint's own count differs for files into which it writes properties. */
function toArtifact(
  { headers, body, sizeBytes }: EgressResponse,
  item: DriveItem = {},
): OpenArtifact {
  const declared = item.file?.mimeType ?? headers["content-type"] ?? "";
  const [mediaType = ""] = declared.split(";");
  const parsed = MediaType.safeParse(mediaType.trim().toLowerCase());
  const tag = tagOf(item);
  return {
    bytes: body,
    ...(parsed.success && { declaredMediaType: parsed.data }),
    ...(sizeBytes !== undefined && { sizeBytes }),
    ...(tag !== undefined && { etag: Content.fromText(tag) }),
  };
}
