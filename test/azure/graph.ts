import type { IncomingMessage, ServerResponse } from "node:http";
import { decodeJwt } from "jose";
import {
  downloadUrlOf,
  type DriveFile,
  fromTempAuth,
  keyOf,
  toChatMessage,
  toDriveItem,
  toErrorBody,
  webUrlOf,
} from "./graph-state.ts";
import { startTlsServer } from "./tls-server.ts";

const audience = "https://graph.microsoft.com";

/** Whether an `Authorization` header bears a token that the emulated Entra ID issued for one of the audiences. */
export interface GraphAuthority {
  accepts(
    authorization: string | undefined,
    audiences: readonly string[],
  ): Promise<boolean>;
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

interface SeenRequest {
  readonly path: string;
  readonly authorization: string | undefined;
}

type NewFile = Pick<DriveFile, "tenantId" | "driveId" | "itemId" | "bytes"> &
  Partial<DriveFile>;

/** Microsoft Graph over TLS, and the other host to which it sends downloads. */
export interface Graph {
  /** For `graphEndpoint`. */
  readonly origin: string;
  /** `host:port` of both, for `EGRESS_ALLOW`. */
  readonly hosts: readonly string[];
  /** Puts a file there, or its next version. */
  put(file: NewFile): DriveFile;
  /** Makes a link of SharePoint lead to a file, besides its own address. */
  share(link: string, file: DriveFile): void;
  /** Puts a message there; `path` is below `/v1.0/`, decoded. */
  putMessage(path: string, attachments: readonly object[]): void;
  putHostedContent(path: string, bytes: Uint8Array, mediaType: string): void;
  /** Answers the next calls for paths that end so otherwise: one answer per call. */
  answerNext(ending: string, ...answers: readonly Answer[]): void;
  /** Runs once when the next download is asked for, before it is answered. */
  beforeDownload(act: () => void): void;
  /** What Graph was asked for, and what the download host was. */
  readonly calls: readonly SeenRequest[];
  readonly downloads: readonly SeenRequest[];
  /** Requests that are not answered to the end. */
  readonly open: () => number;
  close(): Promise<void>;
}

export async function startGraph(authority: GraphAuthority): Promise<Graph> {
  const files = new Map<string, DriveFile>();
  const links = new Map<string, string>();
  const messages = new Map<string, Answer>();
  const faults: { readonly ending: string; readonly answer: Answer }[] = [];
  const calls: SeenRequest[] = [];
  const downloads: SeenRequest[] = [];
  let beforeDownload: (() => void) | undefined;

  const download = await startTlsServer((request, response) => {
    downloads.push(seen(request));
    beforeDownload?.();
    beforeDownload = undefined;
    sendFile(request, response, files);
  });

  const findByLink = (shareId: string): DriveFile | undefined => {
    const link = Buffer.from(shareId.slice(2), "base64url").toString();
    return (
      files.get(links.get(link) ?? "") ??
      [...files.values()].find((file) => webUrlOf(file) === link)
    );
  };

  const findItem = (path: string): DriveFile | undefined => {
    const [, kind, id = "", , item = "", last = ""] =
      /^(drives|sites|shares)\/([^/]+)(?:\/(items|drive\/items)\/([^/]+)|\/(driveItem))$/.exec(
        path,
      ) ?? [];
    if (kind === "shares") return last === "" ? undefined : findByLink(id);
    return files.get(keyOf({ driveId: id, itemId: item }));
  };

  const answerItem = (url: URL, path: string, tenantId: unknown): Answer => {
    const isContent = path.endsWith("/content");
    const file = findItem(path.replace(/\/content$/, ""));
    if (file?.tenantId !== tenantId || file === undefined)
      return fault(404, "itemNotFound", "The resource could not be found.");
    if (file.isForbidden) return fault(403, "accessDenied", "Access denied");
    if (isContent)
      return {
        status: 302,
        headers: { location: downloadUrlOf(file, download.origin) },
      };
    const item = toDriveItem(file, {
      graph: graph.origin,
      download: download.origin,
    });
    return json(200, select(item, url.searchParams.get("$select")));
  };

  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const url = new URL(request.url ?? "/", graph.origin);
    const { authorization } = request.headers;
    if (!(await authority.accepts(authorization, [audience])))
      return fault(
        401,
        "InvalidAuthenticationToken",
        "Access token validation failure. Invalid audience.",
      );
    const { tid } = decodeJwt((authorization ?? "").slice("Bearer ".length));
    const at = faults.findIndex(({ ending }) => url.pathname.endsWith(ending));
    const [planned] = at < 0 ? [] : faults.splice(at, 1);
    if (planned !== undefined) return planned.answer;
    const path = decodeURIComponent(url.pathname).replace("/v1.0/", "");
    return messages.get(path) ?? answerItem(url, path, tid);
  };

  const graph = await startTlsServer((request, response) => {
    calls.push(seen(request));
    void answer(request).then(({ status, headers, body }) =>
      response.writeHead(status, headers).end(body),
    );
  });

  return {
    origin: graph.origin,
    hosts: [graph.origin, download.origin].map((origin) =>
      origin.replace("https://", ""),
    ),
    put(file) {
      const key = keyOf(file);
      const known = files.get(key);
      const stored: DriveFile = {
        name: "report.docx",
        mimeType:
          "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        facets: {},
        isForbidden: false,
        isShrinking: false,
        ...file,
        version: (known?.version ?? 0) + 1,
      };
      files.set(key, stored);
      return stored;
    },
    share: (link, file) => void links.set(link, keyOf(file)),
    putMessage(path, attachments) {
      const id = path.split("/").at(-1) ?? "";
      messages.set(path, json(200, toChatMessage(id, attachments)));
    },
    putHostedContent: (path, bytes, mediaType) =>
      void messages.set(`${path}/$value`, {
        status: 200,
        headers: { "content-type": mediaType },
        body: bytes,
      }),
    answerNext: (ending, ...answers) =>
      void faults.push(...answers.map((each) => ({ ending, answer: each }))),
    beforeDownload(act) {
      beforeDownload = act;
    },
    calls,
    downloads,
    open: () => graph.open() + download.open(),
    async close() {
      await Promise.all([graph.close(), download.close()]);
    },
  };
}

function seen(request: IncomingMessage): SeenRequest {
  const { authorization } = request.headers;
  return { path: request.url ?? "", authorization };
}

/** SharePoint's answer to a pre-authenticated address, which takes no token besides. */
function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  files: ReadonlyMap<string, DriveFile>,
): void {
  const url = new URL(request.url ?? "/", "https://localhost");
  const file = files.get(fromTempAuth(url.searchParams.get("tempauth")));
  if (request.headers.authorization !== undefined || file === undefined) {
    response.writeHead(401).end("401 UNAUTHORIZED");
    return;
  }
  response.writeHead(200, {
    "content-type": "application/octet-stream",
    "content-length": file.bytes.byteLength,
    "content-disposition": `attachment; filename="${file.name}"`,
    etag: `"{${file.itemId.toUpperCase()}},${file.version}"`,
  });
  if (file.isShrinking)
    response.write(file.bytes.subarray(0, 10), () => response.destroy());
  else response.end(file.bytes);
}

function select(
  item: Readonly<Record<string, unknown>>,
  fields: string | null,
): object {
  if (fields === null) return item;
  const wanted = new Set(["@odata.context", ...fields.split(",")]);
  return Object.fromEntries(
    Object.entries(item).filter(([name]) => wanted.has(name)),
  );
}

function fault(status: number, code: string, message: string): Answer {
  return json(status, toErrorBody(code, message));
}

function json(status: number, body: object): Answer {
  return {
    status,
    headers: {
      "content-type": "application/json; odata.metadata=minimal; charset=utf-8",
    },
    body: JSON.stringify(body),
  };
}
