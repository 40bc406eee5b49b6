import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

/**
 * Installs the packages of the peers in `folder`, exactly those of its lock file, unless they are installed.
 *
 * @returns what to do, where npm could not; undefined when all is there
 */
export function installPeers(folder: string): string | undefined {
  if (isInstalled(folder)) return undefined;
  const place = `bench/${basename(folder)}`;
  console.error(`Installing the peers' packages in ${place} (npm ci)`);
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
  return status === 0
    ? undefined
    : `The peers' packages could not be installed: run npm ci in ${place}.`;
}

/** npm keeps what it has installed beside the packages. */
function isInstalled(folder: string): boolean {
  const installed = join(folder, "node_modules/.package-lock.json");
  if (!existsSync(installed)) return false;
  const versions = readVersions(installed);
  const { dependencies } = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  ) as { dependencies: Readonly<Record<string, string>> };
  return Object.entries(dependencies).every(
    ([name, version]) => versions[`node_modules/${name}`]?.version === version,
  );
}

function readVersions(file: string) {
  return (
    JSON.parse(readFileSync(file, "utf8")) as {
      packages: Readonly<Record<string, { readonly version?: string }>>;
    }
  ).packages;
}
