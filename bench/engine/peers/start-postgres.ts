import { execFileSync, type SpawnOptions } from "node:child_process";
import { chownSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { MissingPrerequisite } from "../engine.ts";
import { findFreePort, runServer, type Server } from "./run-server.ts";

const missing = "DBOS needs PostgreSQL: apt-get install postgresql";
/** Where Debian lays each version's programs. */
const versions = "/usr/lib/postgresql";

/**
 * A new cluster in the folder, with PostgreSQL's own defaults: fsync and synchronous_commit on.
 *
 * @throws MissingPrerequisite where PostgreSQL is not installed.
 */
export async function startPostgres(
  folder: string,
): Promise<Server & { readonly url: string }> {
  const programs = findPrograms();
  const data = join(folder, "data");
  const owner = findOwner();
  mkdirSync(data);
  if (owner !== undefined)
    for (const path of [folder, data]) chownSync(path, owner.uid, owner.gid);
  execFileSync(
    join(programs, "initdb"),
    ["-D", data, "-U", "bench", "-A", "trust"],
    { stdio: "ignore", cwd: folder, ...owner },
  );
  const port = await findFreePort();
  const spawn: SpawnOptions = { cwd: folder, ...owner };
  const server = await runServer({
    command: [
      join(programs, "postgres"),
      `--port=${port}`,
      `--unix_socket_directories=${folder}`,
      "--listen_addresses=127.0.0.1",
      "-D",
      data,
    ],
    spawn,
    missing,
    isReady: () => isListening(port),
    // Fast shutdown: it does not wait for clients to leave.
    stopSignal: "SIGINT",
  });
  return { ...server, url: `postgresql://bench@127.0.0.1:${port}/dbos` };
}

/** The newest version's folder. */
function findPrograms(): string {
  const newest = existsSync(versions)
    ? readdirSync(versions).toSorted((a, b) => Number(b) - Number(a))[0]
    : undefined;
  const programs = join(versions, newest ?? "", "bin");
  if (!existsSync(join(programs, "initdb")))
    throw new MissingPrerequisite(missing);
  return programs;
}

/** PostgreSQL refuses to run as root: the user that Debian's package makes runs it then. */
function findOwner(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (option: string) =>
    Number(execFileSync("id", [option, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1")
      .once("connect", () => {
        socket.destroy();
        resolve(true);
      })
      .once("error", () => resolve(false));
  });
}
