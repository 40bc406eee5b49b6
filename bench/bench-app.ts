import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { watchFamily } from "./process-family.ts";
import { createLocalIssuer } from "../local/issuer/local-issuer.ts";

/** The parts of which the benchmarks are made: the app in a process group of its own, its clients, and samples. */
const root = resolve(import.meta.dirname, "..");

export interface App {
  readonly url: string;
  readonly home: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Highest resident memory of the host, the worker and the extraction children together, in bytes. */
  peakRssBytes(): number;
  /** Processor time of all of them so far, in milliseconds. */
  cpuMs(): number;
  stop(): Promise<void>;
}

/** Starts the built app in a home of its own; `settings` go above the defaults, `token` is the callers'. */
export async function startBenchApp(
  documents: string,
  options: {
    readonly settings?: Readonly<Record<string, string>>;
    readonly token?: string;
  } = {},
): Promise<App> {
  const home = await mkdtemp(join(tmpdir(), "nucleus-bench-"));
  const issuer = await createLocalIssuer({ home, now: Date.now });
  const child = spawn(
    process.execPath,
    [join(root, "dist/cli/nucleus.js"), "start", "--port", "0"],
    {
      env: {
        ...process.env,
        NUCLEUS_HOME: home,
        NUCLEUS_AMQP_PORT: "0",
        ARTIFACT_ROOT: documents,
        ...options.settings,
      },
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
  const runtimeFile = join(home, "runtime.json");
  while (!existsSync(runtimeFile)) {
    if (child.exitCode !== null) throw new Error("the app did not start");
    await sleep(20);
  }
  const runtime = JSON.parse(readFileSync(runtimeFile, "utf8")) as {
    httpUrl: string;
  };
  const token =
    options.token ??
    (await issuer.issueToken({
      roles: ["adapter"],
      tenantId: "bench",
      userId: "bench",
      ttlSeconds: 3600,
    }));
  const family = watchFamily(child);
  return {
    url: runtime.httpUrl,
    home,
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
    },
    peakRssBytes: family.peakRssBytes,
    cpuMs: family.cpuMs,
    async stop() {
      family.stop();
      child.kill("SIGTERM");
      await new Promise((done) => child.once("exit", done));
    },
  };
}

export interface Spread {
  readonly p50: number;
  readonly p99: number;
}

export function toSpread(samples: readonly number[]): Spread {
  const sorted = samples.toSorted((left, right) => left - right);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}

function body(files: readonly string[]): string {
  return JSON.stringify({
    platformType: "Test",
    conversationId: "bench",
    userId: "bench",
    queryText: "When does the warranty of the pump end?",
    artifactReferences: files.map((file, index) => ({
      referenceId: `r${index}`,
      referenceType: "file",
      sourceUri: file,
      fileName: file,
    })),
  });
}

export async function post(
  app: App,
  files: readonly string[],
): Promise<string> {
  const response = await fetch(`${app.url}/api/v1/interactions`, {
    method: "POST",
    headers: app.headers,
    body: body(files),
  });
  if (response.status !== 202)
    throw new Error(`POST answered ${response.status}`);
  return ((await response.json()) as { jobId: string }).jobId;
}

/** Asks every `pollMs`: seldom enough that the asking does not become the load, often enough for the latency. */
export async function untilEnded(
  app: App,
  jobId: string,
  pollMs = 10,
): Promise<void> {
  for (;;) {
    const response = await fetch(`${app.url}/api/v1/jobs/${jobId}/status`, {
      headers: app.headers,
    });
    const { status } = (await response.json()) as { status: string };
    if (status === "Completed") return;
    if (["Failed", "Cancelled", "TimedOut"].includes(status))
      throw new Error(`a job ended as ${status}`);
    await sleep(pollMs);
  }
}

/** Runs `work` `count` times, by `clients` at once; answers each duration in milliseconds and the time for all. */
export async function closedLoop(
  clients: number,
  count: number,
  work: () => Promise<unknown>,
): Promise<{ samples: number[]; totalMs: number }> {
  const samples: number[] = [];
  let left = count;
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (left > 0) {
        left -= 1;
        const at = performance.now();
        await work();
        samples.push(performance.now() - at);
      }
    }),
  );
  return { samples, totalMs: performance.now() - startedAt };
}

/** Milliseconds to load the app's bundle with these settings in a fresh process, the median of five. */
export async function measureImport(
  settings: Readonly<Record<string, string>> = {},
): Promise<number> {
  const script = `const at = performance.now(); await import(${JSON.stringify(join(root, "dist/app/index.js"))}).catch((error) => { if (!["ConfigurationError", "CoreNotFound"].includes(error.name) && !/functions-core|programming model/.test(error.message)) throw error; }); console.log(performance.now() - at);`;
  const samples: number[] = [];
  for (let n = 0; n < 5; n += 1) {
    const child = spawn(
      process.execPath,
      ["--input-type=module", "-e", script],
      {
        stdio: ["ignore", "pipe", "ignore"],
        env: { PATH: process.env["PATH"], ...settings },
      },
    );
    let output = "";
    for await (const chunk of child.stdout) output += String(chunk);
    samples.push(Number(output.trim().split("\n").at(-1)));
  }
  return toSpread(samples).p50;
}

/** Five notes in a folder of their own; their names. */
export async function writeNotes(): Promise<{
  readonly documents: string;
  readonly files: readonly string[];
}> {
  const documents = await mkdtemp(join(tmpdir(), "nucleus-bench-documents-"));
  const files: string[] = [];
  for (let n = 0; n < 5; n += 1) {
    const file = `note-${n}.md`;
    await writeFile(
      join(documents, file),
      `# Pump ${n}\n\nThe pump was installed on 3 May 2026. The warranty of the pump ends on ${n + 1} June 2029.\n\nIts filter is changed every ${n + 2} months by the caretaker.\n`,
    );
    files.push(file);
  }
  return { documents, files };
}
