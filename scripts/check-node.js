// Preloaded by the npm scripts. Plain JavaScript, because an older Node cannot even read the TypeScript sources.
const [major = 0] = process.versions.node.split(".").map(Number);
if (major < 24) {
  console.error(
    `Nucleus needs Node 24 and this is ${process.version}: run npm ci (on Linux x64 it brings Node 24 along), or install Node 24.`,
  );
  process.exit(1);
}
