import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AppHome, openAppHome } from "../support/app-process.ts";
import {
  type ArtifactServer,
  httpsReferences,
  startArtifactServer,
} from "../support/artifact-server.ts";
import {
  type CallbackReceiver,
  startCallbackReceiver,
} from "../support/callback-receiver.ts";
import {
  interactionBody,
  postInteraction,
  readResult,
  untilEnded,
} from "../support/jobs.ts";
import { startApp } from "../support/running-app.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nucleus-lifecycle-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const openHome = (
  name: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<AppHome> =>
  openAppHome({ home: join(folder, name), temporaryFolder: folder, settings });

/** Everything that its processes wrote, line by line. */
const linesOf = ({ output }: AppHome): string[] =>
  Buffer.concat(output).toString().split("\n").filter(Boolean);

describe("stopping", () => {
  let server: ArtifactServer;
  let receiver: CallbackReceiver;
  let isHolding = true;
  beforeAll(async () => {
    server = await startArtifactServer({
      "/held": (response) => {
        if (!isHolding)
          response
            .writeHead(200, { "content-type": "text/plain" })
            .end("The lighthouse was built in 1887.");
      },
    });
    receiver = await startCallbackReceiver();
  });
  afterAll(async () => {
    await server.close();
    await receiver.close();
  });

  test("with running jobs ends in time with exit code 0; the next start carries them to their end, each called back once", async () => {
    const home = await openHome("running", {
      EGRESS_ALLOW: `${server.address},${receiver.address}`,
      WEBHOOK_SCHEDULE: "0",
    });
    const first = await home.start();
    const jobs = await Promise.all(
      Array.from({ length: 5 }, (_, nth) =>
        postInteraction(
          home,
          interactionBody({
            queryText: "When was the lighthouse built?",
            artifactReferences: httpsReferences(server, "/held"),
            callbackUrl: `${receiver.origin}/job-${nth}`,
          }),
          { "idempotency-key": `job-${nth}` },
        ),
      ),
    );
    await server.asked("/held");
    const stoppedAt = performance.now();
    expect(await first.terminate()).toBe(0);
    expect(performance.now() - stoppedAt).toBeLessThan(10_000);
    expect(receiver.received).toEqual([]);

    isHolding = false;
    const second = await home.start();
    for (const { jobId } of jobs) {
      expect(await untilEnded(home, jobId)).toMatchObject({
        status: "Completed",
      });
      expect(await readResult(home, jobId)).toMatchObject({
        personas: [{ answer: expect.stringContaining("1887") as unknown }],
      });
    }
    for (const [nth] of jobs.entries())
      await receiver.next(({ path }) => path === `/job-${nth}`);
    expect(await second.terminate()).toBe(0);
    const ids = receiver.received.map(({ headers }) => headers["webhook-id"]);
    expect(new Set(ids).size).toBe(jobs.length);
    expect(ids).toHaveLength(jobs.length);
  });

  test("without work ends with exit code 0, and leaves no process and no runtime file", async () => {
    const home = await openHome("idle");
    const app = await home.start();
    expect(app.processes().length).toBeGreaterThan(1);
    expect(await app.terminate()).toBe(0);
    expect(app.processes()).toEqual([]);
    expect(() => home.runtime()).toThrow("ENOENT");
  });
});

test("an app that was stopped listens to nothing any more", async () => {
  const countListening = () =>
    process
      .getActiveResourcesInfo()
      .filter((resource) => resource === "TCPServerWrap").length;
  const app = await startApp();
  expect(countListening()).toBeGreaterThan(0);
  await app.stop();
  expect(countListening()).toBe(0);
});

describe.concurrent(
  "a start that cannot be says why in one line and exits with 1",
  () => {
    async function refusal(home: AppHome): Promise<string> {
      const before = linesOf(home).length;
      expect(await home.spawn().ended).toBe(1);
      const lines = linesOf(home)
        .slice(before)
        .filter((line) => !line.startsWith('{"time"'));
      expect(lines).toHaveLength(1);
      return lines[0] ?? "";
    }

    test("the port is taken", async () => {
      const home = await openHome("port");
      const { port } = new URL(home.url);
      const other = createServer().listen(Number(port), "127.0.0.1");
      await once(other, "listening");
      expect(await refusal(home)).toContain(port);
      other.close();
    });

    test("the home is in use", async () => {
      const home = await openHome("in-use");
      const app = await home.start();
      expect(await refusal(home)).toContain(String(home.runtime().pid));
      expect(await app.terminate()).toBe(0);
    });

    test.each([
      ["JOB_TIMEOUT_SECONDS", "soon"],
      ["WEBHOOK_SCHEDULE", "0,later"],
      ["MODEL", "openai-compatible"],
      ["AUTH_JWKS", "{}"],
      ["PUBLIC_URL", "here"],
      ["PERSONA_DIR", "no/such/folder"],
    ])("the setting %s is malformed: %s", async (name, value) => {
      const home = await openHome(`${name}-${value.length}`, {
        // Who gives keys gives their issuer too.
        ...(name === "AUTH_JWKS" && {
          AUTH_ISSUER: "https://issuer.example",
          AUTH_AUDIENCE: "api://nucleus",
        }),
        [name]: value,
      });
      const line = await refusal(home);
      expect(line).toContain(name);
    });
  },
);
