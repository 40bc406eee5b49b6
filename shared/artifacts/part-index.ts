/** An interaction's own artifacts have the indexes below this. */
const indexesPerArtifact = 1000;

/** The index that part `number` (from 1) of an artifact has as an artifact of its own. */
export function toPartIndex(artifactIndex: number, number: number): number {
  return (artifactIndex + 1) * indexesPerArtifact + number;
}

/** The index of the artifact that the interaction refers to: `index` itself, or what the part came in. */
export function toReferenceIndex(index: number): number {
  return index < indexesPerArtifact
    ? index
    : Math.floor(index / indexesPerArtifact) - 1;
}
