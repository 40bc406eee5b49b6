import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Installs the peers' packages, exactly those of the lock file here, unless they are installed.
 *
 * @throws Error when npm could not.
 */
export function installPeers(): void {
  if (isInstalled()) return;
  console.error("Installing the peers' packages in bench/extraction (npm ci)");
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], {
    cwd: import.meta.dirname,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0)
    throw new Error(
      "The peers' packages could not be installed: run npm ci in bench/extraction.",
    );
}

/** npm keeps what it has installed beside the packages. */
function isInstalled(): boolean {
  const installed = join(
    import.meta.dirname,
    "node_modules/.package-lock.json",
  );
  if (!existsSync(installed)) return false;
  const versions = readVersions(installed);
  const { dependencies } = JSON.parse(
    readFileSync(join(import.meta.dirname, "package.json"), "utf8"),
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
