import { expect, test } from "vitest";
import type { ArtifactProvider } from "../../../shared/artifacts/artifact-provider.ts";
import { Content } from "../../../shared/kernel/content.ts";
import { contosoId } from "../../azure/entra.ts";
import type { Graph } from "../../azure/graph.ts";
import { webUrlOf } from "../../azure/graph-state.ts";
import { failureOf, readAll } from "../../contracts/artifact-provider.ts";
import { contoso, driveId, openGraph } from "./graph-source.ts";

const signal = new AbortController().signal;
const itemId = "01ABCDEF";
const siteId =
  "contoso.sharepoint.com,1a2b3c4d-0000-4000-8000-000000000001,1a2b3c4d-0000-4000-8000-000000000002";
const teamId = "7e4a0000-0000-4000-8000-000000000003";
const channel = `teams/${teamId}/channels/19:abc_DEF-1@thread.tacv2`;
const chat = "chats/19:uni01_abc@thread.v2";
const attachmentId = "153fa47d-18c9-4179-be08-9879815a9f90";

async function read(
  provider: ArtifactProvider,
  sourceUri: string,
): Promise<string> {
  const { bytes } = await provider.open({
    tenantId: contoso,
    sourceUri: Content.fromText(sourceUri),
    maxBytes: 1000,
    signal,
  });
  return (await readAll(bytes)).toString();
}

/** A file that can be named in every way. */
async function openFile(id = driveId) {
  const opened = await openGraph();
  const file = opened.graph.put({
    tenantId: contosoId,
    driveId: id,
    itemId,
    name: "Q1 report.docx",
    bytes: Buffer.from("the report"),
  });
  return { ...opened, file };
}

function attach(graph: Graph, path: string, contentUrl: string): string {
  graph.putMessage(path, [
    { id: "other", contentType: "messageReference", content: "{}" },
    {
      id: attachmentId,
      contentType: "reference",
      contentUrl,
      content: null,
      name: "Q1 report.docx",
      thumbnailUrl: null,
    },
  ]);
  return `${path}/attachments/${attachmentId}`;
}

test("an item is named by drive, short or as a URL, with its ids encoded or not", async () => {
  const { graph, provider } = await openFile();
  for (const uri of [
    `drives/${driveId}/items/${itemId}`,
    `${graph.origin}/v1.0/drives/${driveId}/items/${itemId}`,
    `${graph.origin}/v1.0/drives/${encodeURIComponent(driveId).replace("!", "%21")}/items/${itemId}`,
  ])
    expect(await read(provider, uri)).toBe("the report");
});

test("an item is named by site", async () => {
  const { provider } = await openFile(siteId);
  expect(await read(provider, `sites/${siteId}/drive/items/${itemId}`)).toBe(
    "the report",
  );
});

test.each([
  "https://contoso.sharepoint.com/:w:/s/team/EabcDEF?e=4%3a1x2y",
  "https://contoso-my.sharepoint.com/:b:/g/personal/ada/Eabc",
  "https://1drv.ms/w/s!AbcDEF",
  "https://onedrive.live.com/redir?resid=1231244193912!12&authKey=1201919!12921!1",
  "https://contoso.sharepoint.us/:w:/s/team/EabcDEF",
])("the link %s leads to its file", async (link) => {
  const { graph, file, provider } = await openFile();
  graph.share(link, file);
  expect(await read(provider, link)).toBe("the report");
  const [{ path } = { path: "" }] = graph.calls;
  const token = Buffer.from(link).toString("base64url");
  expect(path).toMatch(new RegExp(`^/v1\\.0/shares/u!${token}/driveItem\\?`));
});

test("an item's address in a browser leads to it, its place in the page does not matter", async () => {
  const { file, provider } = await openFile();
  expect(await read(provider, `${webUrlOf(file)}#page=2`)).toBe("the report");
});

test.each([
  `${channel}/messages/1616990032035`,
  `${channel}/messages/1616990032035/replies/1616990171266`,
  `${chat}/messages/1616964509832`,
])("a file attached to the message %s is read", async (message) => {
  const { graph, file, provider } = await openFile();
  // Teams does not encode the blanks.
  const contentUrl = webUrlOf(file).replaceAll("%20", " ");
  const uri = attach(graph, message, contentUrl);
  expect(await read(provider, uri)).toBe("the report");
  expect(await read(provider, `${graph.origin}/v1.0/${uri}`)).toBe(
    "the report",
  );
});

test("an image in a message is read, with the type that Teams says", async () => {
  const { graph, provider } = await openFile();
  const path = `${chat}/messages/1616964509832/hostedContents/aWQ9eF8wLXd1cy1kMQ==`;
  graph.putHostedContent(path, Buffer.from("pixels"), "image/png");
  expect(await read(provider, path)).toBe("pixels");
  const { declaredMediaType, bytes } = await provider.open({
    tenantId: contoso,
    sourceUri: Content.fromText(`${graph.origin}/v1.0/${path}/$value`),
    maxBytes: 6,
    signal,
  });
  await readAll(bytes);
  expect(declaredMediaType).toBe("image/png");
  expect(
    await failureOf(provider, path, { tenantId: contoso, maxBytes: 5 }),
  ).toBe("artifact_too_large");
});

test("what is attached and is no file of SharePoint's is rejected, what is not attached not found", async () => {
  const { graph, provider } = await openFile();
  const message = `${chat}/messages/1`;
  const outcome = (uri: string): Promise<string> =>
    failureOf(provider, uri, { tenantId: contoso });
  const elsewhere = attach(graph, message, "https://attacker.example/a.docx");
  expect(await outcome(elsewhere)).toBe("artifact_rejected");
  expect(await outcome(`${message}/attachments/other`)).toBe(
    "artifact_rejected",
  );
  expect(await outcome(`${message}/attachments/none`)).toBe(
    "artifact_not_found",
  );
});

const refused = [
  "",
  "/",
  "me",
  "me/drive/items/01A",
  "users/ada@contoso.com/drive/items/01A",
  "drives",
  "drives/d/items",
  "drives/d/items/",
  "drives/d/items/01A/",
  "drives/d/items/01A/content",
  "drives/d/items/01A/children",
  "drives/d/items/01A/versions/1.0/content",
  "drives/d/root:/secret.docx:/content",
  "drives/d/items/..",
  "drives/../me/items/01A",
  "drives/%2e%2e/items/01A",
  "drives/d/items/01A?$expand=children",
  "drives/d/items/01A#x",
  "drives/d/items/01A%3F$expand=children",
  "drives/d/items/01A%2Fchildren",
  "drives/d/items/01A%252Fchildren",
  "drives/d/items/01A%",
  "drives/d/items/01A\n",
  "DRIVES/d/items/01A",
  `drives/${"d".repeat(129)}/items/01A`,
  "sites/root/drive/items/01A",
  "sites/contoso.sharepoint.com:/sites/hr:/drive/items/01A",
  "shares/u!aHR0cHM6Ly9hLw/driveItem",
  `${channel}/messages/1`,
  `${channel}/messages`,
  `${channel}/messages/1/attachments/a/b`,
  `${channel}/messages/x/attachments/a`,
  "teams/team/channels/19:abc@thread.tacv2/messages/1/attachments/a",
  "teams/7e4a0000-0000-4000-8000-000000000003/channels/general/messages/1/attachments/a",
  "chats/19:abc@evil.example/messages/1/attachments/a",
  "https://graph.microsoft.com.evil.example/v1.0/drives/d/items/01A",
  "https://graph.microsoft.com@evil.example/v1.0/drives/d/items/01A",
  "https://evil.example/:w:/s/team/E",
  "https://sharepoint.com/:w:/s/team/E",
  "https://contoso.sharepoint.com.evil.example/:w:/s/team/E",
  "https://a.b.sharepoint.com/:w:/s/team/E",
  "https://evilsharepoint.com/:w:/s/team/E",
  "http://contoso.sharepoint.com/:w:/s/team/E",
  "https://contoso.sharepoint.com:8443/:w:/s/team/E",
  "https://ada:secret@contoso.sharepoint.com/:w:/s/team/E",
  `https://contoso.sharepoint.com/${"x".repeat(5000)}`,
  "file:///etc/passwd",
  "javascript:alert(1)",
];

test("whatever else is refused, and Graph is not asked", async () => {
  const { graph, provider } = await openGraph();
  for (const uri of refused)
    expect
      .soft(await failureOf(provider, uri, { tenantId: contoso }), uri)
      .toBe("artifact_refused");
  expect(graph.calls).toEqual([]);
});
