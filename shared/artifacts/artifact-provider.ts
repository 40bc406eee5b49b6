import type { Content } from "../kernel/content.ts";
import type { MediaType, Tag } from "../kernel/metadata.ts";

export interface ArtifactRequest {
  /** Whose job asks: a provider with an identity of its own must not reach another tenant's artifacts with it. */
  readonly tenantId: Tag;
  /** Where the source system keeps the artifact, in its own words. */
  readonly sourceUri: Content;
  readonly maxBytes: number;
  /** Ends the retrieval, while it opens and while its bytes are read, as `artifact_timeout`. */
  readonly signal: AbortSignal;
}

export interface OpenArtifact {
  /**
   * Never more than `maxBytes`, and never fewer than the source has: a short read throws. Read it once, or abort the
   * signal: until then it holds a connection or a file.
   */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** What the source says; the extractor sniffs for itself. */
  readonly declaredMediaType?: MediaType;
  /** What the source says, before the bytes are read. */
  readonly sizeBytes?: number;
  /** The source's version of the artifact, as given: content, so hash it before it is kept. */
  readonly etag?: Content;
}

/**
 * Fetches an artifact's bytes by reference.
 * @throws NucleusError `artifact_…`, from `open` and from the iteration of the bytes.
 */
export interface ArtifactProvider {
  readonly referenceType: string;
  open(request: ArtifactRequest): Promise<OpenArtifact>;
}
