import type { TokenCredential } from "@azure/identity";
import { onTestFinished } from "vitest";
import {
  createMicrosoftGraphProvider,
  type MicrosoftGraphOptions,
} from "../../../shared/artifacts/adapters/microsoft-graph.ts";
import type { ArtifactProvider } from "../../../shared/artifacts/artifact-provider.ts";
import { parseEgressAllow } from "../../../shared/egress/egress-policy.ts";
import { createSafeClient } from "../../../shared/egress/safe-client.ts";
import { Tag } from "../../../shared/kernel/metadata.ts";
import { contosoId, startEntra } from "../../azure/entra.ts";
import {
  type Graph,
  type GraphAuthority,
  startGraph,
} from "../../azure/graph.ts";
import type { ArtifactSource } from "../../contracts/artifact-provider.ts";

export const contoso = Tag.parse(contosoId);
export const driveId = "b!xyz_Drive-1";

/** Graph, and a provider whose registration every tenant knows, unless an authority decides. */
export async function openGraph(
  options: Partial<MicrosoftGraphOptions> & {
    readonly authority?: GraphAuthority;
  } = {},
): Promise<{ graph: Graph; provider: ArtifactProvider }> {
  const entra = await startEntra();
  onTestFinished(() => entra.close());
  const { authority = entra, ...given } = options;
  const graph = await startGraph(authority);
  onTestFinished(() => graph.close());
  const client = createSafeClient({
    allow: parseEgressAllow(graph.hosts.join(",")),
  });
  onTestFinished(() => void client.close());

  const credentialFor = (tenantId: string): TokenCredential => ({
    async getToken(scopes) {
      const audience = [scopes].flat().join().replace("/.default", "");
      return {
        token: await entra.token({ aud: audience, tid: tenantId }),
        expiresOnTimestamp: Date.now() + 3_600_000,
      };
    },
  });
  const provider = createMicrosoftGraphProvider({
    client,
    now: () => Date.UTC(2026, 0, 1),
    credentialFor,
    graphEndpoint: graph.origin,
    ...given,
  });
  return { graph, provider };
}

/** Graph as the contract's source; its tenant is Contoso, whichever the contract names. */
export async function openGraphSource(): Promise<ArtifactSource> {
  const { graph, provider } = await openGraph();
  const put = (
    name: string,
    bytes: Uint8Array,
    more: { isForbidden?: boolean; isShrinking?: boolean } = {},
  ): Promise<string> => {
    const itemId = `01${name.replaceAll(/\W/g, "").toUpperCase()}`;
    graph.put({ tenantId: contosoId, driveId, itemId, name, bytes, ...more });
    return Promise.resolve(`drives/${driveId}/items/${itemId}`);
  };
  return {
    provider: {
      ...provider,
      open: (request) => provider.open({ ...request, tenantId: contoso }),
    },
    put: (name, bytes) => put(name, bytes),
    putShrinking: (name, sizeBytes) =>
      put(name, Buffer.alloc(sizeBytes), { isShrinking: true }),
    putForbidden: () =>
      put("private.txt", Buffer.from("private"), { isForbidden: true }),
    missing: `drives/${driveId}/items/01MISSING`,
    refused: [
      "me/drive/items/01A",
      "https://example.com/drives/d/items/01A",
      `${graph.origin}/beta/drives/d/items/01A`,
    ],
    held: () => Promise.resolve(graph.open()),
  };
}
