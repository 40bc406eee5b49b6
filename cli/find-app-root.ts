import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { ExpectedFailure } from "./failures.ts";

/** The function app's folder: the nearest one above this file that has a host.json. */
export function findAppRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "host.json"))) {
    const parent = dirname(folder);
    if (parent === folder)
      throw new ExpectedFailure(
        `there is no host.json above ${import.meta.dirname}: the installation is incomplete`,
      );
    folder = parent;
  }
  return folder;
}
