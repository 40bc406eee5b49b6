import { rmSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { HostLogLine } from "../../local/host/host-log.ts";
import { createLocalIssuer } from "../../local/issuer/local-issuer.ts";
import { readDocumentTexts } from "../../local/leaks/read-document-texts.ts";
import { systemNow } from "../../shared/kernel/clock.ts";
import type { Command, CommandIo } from "../command.ts";
import { createAdapterClient } from "../demo/adapter-client.ts";
import {
  startCallbackReceiver,
  type CallbackReceiver,
} from "../demo/callback-receiver.ts";
import { createRunScanner, findLeaks } from "../demo/find-leaks.ts";
import { listDocuments } from "../demo/list-documents.ts";
import { createProgressView } from "../demo/progress-view.ts";
import { runInteraction } from "../demo/run-interaction.ts";
import {
  isSuccess,
  toJsonReport,
  toTextReport,
  type DemoOutcome,
} from "../demo/to-report.ts";
import { UsageError } from "../failures.ts";
import { findAppRoot } from "../find-app-root.ts";
import { oneMachineSettings, toLocalSettings } from "../local-settings.ts";
import { parseArguments } from "../parse-arguments.ts";
import { findFreePort, startLocalApp } from "../start-local-app.ts";

const defaultQuery =
  "How much notice must the tenant give to terminate the lease?";

interface DemoRequest {
  readonly folder: string;
  readonly query: string;
  readonly fileNames: readonly string[];
  readonly isJson: boolean;
}

/** `nucleus demo`: the main job once, from the question to the proof that nothing was left behind. */
export const runDemo: Command = async (args, io) => {
  const values = parseArguments(args, {
    dir: { type: "string" },
    query: { type: "string", default: defaultQuery },
    json: { type: "boolean", default: false },
  });
  if (values.query.trim() === "") throw new UsageError("--query is empty");
  const folder = resolve(
    io.cwd,
    values.dir ?? join(findAppRoot(), "examples/documents"),
  );
  const request = {
    folder,
    query: values.query,
    fileNames: await listDocuments(folder),
    isJson: values.json,
  };
  const base = await mkdtemp(join(tmpdir(), "nucleus-demo-"));
  // Also when it is interrupted, or ends by a bug, nothing stays behind.
  process.once("exit", () => rmSync(base, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => process.exit(1));
  try {
    const outcome = await runOnce(request, base, io);
    io.print(request.isJson ? toJsonReport(outcome) : toTextReport(outcome));
    return isSuccess(outcome) ? 0 : 1;
  } finally {
    await rm(base, { recursive: true, force: true });
  }
};

async function runOnce(
  request: DemoRequest,
  base: string,
  io: CommandIo,
): Promise<DemoOutcome> {
  const { folder, query, fileNames } = request;
  await using cleanup = new AsyncDisposableStack();
  const places = {
    home: join(base, "home"),
    temporaryFolder: join(base, "temporary"),
    lines: [],
  };
  await mkdir(places.temporaryFolder, { recursive: true });
  const receiver = await startCallbackReceiver();
  cleanup.defer(() => receiver.close());
  const app = await startApp({ ...places, folder, receiver });
  cleanup.defer(() => app.host.stop());

  const view = request.isJson ? toSilent(io) : io;
  view.print(`Nucleus runs at ${app.url}. Question: ${query}`);
  view.print(`Documents: ${fileNames.join(", ")}`);
  const progress = createProgressView(view);
  const interaction = await runInteraction({
    ...request,
    client: createAdapterClient(app),
    receiver,
    onStatus: progress.show,
  });
  progress.end();

  const { status, callback, result } = interaction;
  const scanner = await createRunScanner({
    ...request,
    callbackPath: receiver.path,
    result,
    documents: await readDocumentTexts({
      ...request,
      childModule: join(findAppRoot(), "dist/extraction/main.js"),
    }),
  });
  const traces = { ...places, received: receiver.received };
  // Once with the write-ahead logs and open files of a running app, once as it leaves them.
  const during = await findLeaks(scanner, traces);
  await app.host.stop();
  const leaks = during.length > 0 ? during : await findLeaks(scanner, traces);
  return {
    jobId: interaction.jobId,
    status: status.status,
    errorCode: status.error?.code,
    result,
    fileNames,
    webhook: { id: callback.id, verified: callback.verified },
    leaks,
  };
}

async function startApp(options: {
  readonly home: string;
  readonly temporaryFolder: string;
  readonly folder: string;
  readonly receiver: CallbackReceiver;
  readonly lines: HostLogLine[];
}) {
  const { home, folder } = options;
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const issuer = await createLocalIssuer({ home, now: systemNow });
  const token = await issuer.issueToken({
    roles: ["adapter"],
    tenantId: "demo",
    userId: "demo",
    ttlSeconds: 3600,
  });
  const host = await startLocalApp({
    home,
    port,
    amqpPort: 0,
    settings: {
      ...oneMachineSettings,
      ...toLocalSettings({
        home,
        issuer,
        artifactRoot: folder,
        publicUrl: url,
      }),
      EGRESS_ALLOW: options.receiver.authority,
      // Whatever the app's processes write beside the home is then this run's alone, and is searched.
      TMPDIR: options.temporaryFolder,
    },
    log: (line) => options.lines.push(line),
  });
  return { host, url, token };
}

/** With `--json` stdout belongs to the one object at the end. */
function toSilent(io: CommandIo): CommandIo {
  return { ...io, isTerminal: false, print: () => undefined };
}
