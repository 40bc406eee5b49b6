import {
  createServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { once } from "node:events";

/** Answers the `nth` (from 1) request for its path; what it returns is of no interest. */
export type ServeArtifact = (response: ServerResponse, nth: number) => unknown;

/** A source system on loopback. */
export interface ArtifactServer {
  readonly origin: string;
  /** `host:port`, for EGRESS_ALLOW. */
  readonly address: string;
  /** How often `path` was asked for. */
  count(path: string): number;
  /** Resolves with the first request for `path`, past or future. */
  asked(path: string): Promise<IncomingMessage>;
  close(): Promise<void>;
}

/** Serves artifacts by path; what has no route is 404. */
export async function startArtifactServer(
  routes: Readonly<Record<string, ServeArtifact>>,
): Promise<ArtifactServer> {
  const requests = new Map<string, IncomingMessage[]>();
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    const earlier = requests.get(path) ?? [];
    requests.set(path, [...earlier, request]);
    for (const look of waiting) look();
    const serve = routes[path];
    if (serve) serve(response, earlier.length + 1);
    else response.writeHead(404).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  return {
    origin: `http://127.0.0.1:${port}`,
    address: `127.0.0.1:${port}`,
    count: (path) => requests.get(path)?.length ?? 0,
    asked: (path) =>
      new Promise((resolve) => {
        const look = () => {
          const [first] = requests.get(path) ?? [];
          if (!first) return;
          waiting.delete(look);
          resolve(first);
        };
        waiting.add(look);
        look();
      }),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** References to what an artifact server has under `paths`, in order. */
export function httpsReferences(
  { origin }: ArtifactServer,
  ...paths: readonly string[]
) {
  return paths.map((path, index) => ({
    referenceId: `page-${index}`,
    referenceType: "https",
    sourceUri: `${origin}${path}`,
  }));
}
