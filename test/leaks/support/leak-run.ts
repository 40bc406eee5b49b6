import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ServiceBusClient } from "@azure/service-bus";
import {
  type Leak,
  type RunOutput,
  createSinks,
  scanSinks,
} from "../../../local/leaks/sinks.ts";
import { createLeakScanner } from "../../../local/leaks/scanner.ts";
import { webhookDeliveriesQueue } from "../../../shared/messages/queues.ts";
import type { Caller } from "../../support/api-client.ts";
import {
  type AppHome,
  type AppProcess,
  openAppHome,
} from "../../support/app-process.ts";
import {
  type CallbackReceiver,
  startCallbackReceiver,
} from "../../support/callback-receiver.ts";
import { eml } from "../../shared/extraction/mails.ts";
import { interactionBody, postInteraction } from "../../support/jobs.ts";
import { startModelServer, startSourceServer } from "./content-servers.ts";
import {
  allMarkers,
  allSources,
  markers,
  sentences,
  toDocx,
  toPdf,
} from "./leak-scene.ts";

export const scanner = createLeakScanner({
  markers: allMarkers,
  sources: allSources,
});

/** An adapter without webhooks: nothing is announced, so its results are kept for RESULT_TTL_SECONDS only. */
export const quietCaller: Caller = { userId: "u2" };

/** The app in a home of its own, with sources, a model and a subscriber that all speak in markers. */
export interface LeakRun {
  readonly app: AppHome;
  readonly home: string;
  readonly receiver: CallbackReceiver;
  start(): Promise<AppProcess>;
  subscribe(): Promise<void>;
  /** Posts an interaction of that name; its id. */
  post(name: InteractionName): Promise<string>;
  /** Posts what is refused; the statuses. */
  postRefused(): Promise<readonly number[]>;
  /** Sends a message that no handler can read. */
  sendPoison(text: string): Promise<void>;
  /** How many messages are among the dead letters. */
  countDeadLetters(): Promise<number>;
  /** Keeps a copy of each message that waits in the queue now. */
  peekMessages(): Promise<void>;
  /** What the run wrote and sent so far. */
  output(): RunOutput;
  /** Searches all of it. */
  scan(): Promise<readonly Leak[]>;
  close(): Promise<void>;
}

export type InteractionName = keyof ReturnType<typeof toInteractions>;

export async function createLeakRun(folder: string): Promise<LeakRun> {
  const [home, temporaryFolder, documents] = (await Promise.all(
    ["home", "temporary", "documents"].map(async (name) => {
      await mkdir(join(folder, name));
      return join(folder, name);
    }),
  )) as [string, string, string];
  await writeArtifacts(documents);
  const source = await startSourceServer();
  const model = await startModelServer();
  // The first delivery of all fails, so that a message waits in the queue for a while; what is being delivered is
  // still in the queue, so that at least one message is seen however fast the others go.
  const receiver = await startCallbackReceiver(async (_callback, nth) => {
    if (nth > 1) return { status: 204 };
    await peekMessages();
    return { status: 500, headers: { "x-echo": markers.responseHeader } };
  });
  const app = await openAppHome({
    home,
    temporaryFolder,
    settings: {
      ARTIFACT_ROOT: documents,
      EGRESS_ALLOW: [source.address, receiver.address].join(","),
      MODEL: "openai-compatible",
      MODEL_BASE_URL: `${model.origin}/v1`,
      MODEL_NAME: "stub",
      MODEL_API_KEY: "key",
      RESULT_TTL_SECONDS: "1",
      JOB_TIMEOUT_SECONDS: "25",
      WEBHOOK_SCHEDULE: "0,1,1,1,1",
      WEBHOOK_TIMEOUT_MS: "1000",
    },
  });
  const interactions = toInteractions(source.origin, receiver.origin);
  const messages = new Set<string>();

  const withQueue = async <T>(
    use: (client: ServiceBusClient) => Promise<T>,
  ): Promise<T> => {
    const client = new ServiceBusClient(
      app.runtime().serviceBusConnectionString,
    );
    try {
      return await use(client);
    } finally {
      await client.close();
    }
  };

  const peekMessages = (): Promise<void> =>
    withQueue(async (client) => {
      const waiting = await client
        .createReceiver(webhookDeliveriesQueue)
        .peekMessages(100);
      for (const { body, messageId, applicationProperties } of waiting)
        messages.add(
          JSON.stringify({
            body: body as unknown,
            messageId,
            applicationProperties,
          }),
        );
    });

  const output = (): RunOutput => {
    const written = Buffer.concat(app.output);
    return {
      home,
      temporary: { folder: temporaryFolder, before: new Set() },
      logLines: written.toString().split("\n"),
      processOutput: [written],
      webhooks: receiver.received.map(({ headers, body }) => ({
        headers,
        body: Buffer.from(body),
      })),
      messages: [...messages].map((message) => Buffer.from(message)),
      telemetry: [],
    };
  };

  return {
    app,
    home,
    receiver,
    start: () => app.start(),
    async subscribe() {
      await app.call("POST", "/api/v1/webhooks", {
        body: { url: `${receiver.origin}/${markers.webhookPath}` },
      });
    },
    async post(name) {
      const caller = name === "kept" ? quietCaller : {};
      return (await postInteraction(app, interactions[name], {}, caller)).jobId;
    },
    postRefused: () => postRefused(app),
    sendPoison: (text) =>
      withQueue((client) =>
        client
          .createSender(webhookDeliveriesQueue)
          .sendMessages({ body: { schemaVersion: text, deliveryId: text } }),
      ),
    countDeadLetters: () =>
      withQueue(async (client) => {
        const letters = await client
          .createReceiver(webhookDeliveriesQueue, {
            subQueueType: "deadLetter",
          })
          .peekMessages(100);
        return letters.length;
      }),
    peekMessages,
    output,
    scan: async () => scanSinks(await createSinks(output()), scanner),
    async close() {
      await app.close();
      await Promise.all([source.close(), model.close(), receiver.close()]);
    },
  };
}

const pdfName = `${markers.fileName}-timetable.pdf`;
const docxName = `${markers.fileName}-rules.docx`;
const textName = `${markers.fileName}.txt`;
const mailName = `${markers.fileName}.eml`;
const corruptName = "corrupt.pdf";

async function writeArtifacts(folder: string): Promise<void> {
  await Promise.all([
    writeFile(join(folder, pdfName), await toPdf(sentences.pdf)),
    writeFile(join(folder, docxName), await toDocx(sentences.docx)),
    writeFile(join(folder, textName), `${sentences.text}.\n`),
    writeFile(join(folder, mailName), await toMail()),
    writeFile(
      join(folder, corruptName),
      `%PDF-1.7\n${markers.corrupt} obj <</Type /Catalog ${markers.corrupt}`,
    ),
  ]);
}

/** A mail whose attachment, and the attachment's name, are content of their own. */
async function toMail(): Promise<string> {
  return eml({
    fields: { Subject: "Gangway" },
    plain: `${sentences.mail}.`,
    attached: [
      {
        name: `${markers.attachmentName}.docx`,
        type: "application/octet-stream",
        bytes: await toDocx(sentences.attachment),
      },
    ],
  });
}

/** What adapters post. Each text in them that is content is a marker. */
function toInteractions(sourceOrigin: string, receiverOrigin: string) {
  const callbackUrl = `${receiverOrigin}/${markers.callbackPath}`;
  const file = (name: string) => ({
    referenceId: "file",
    referenceType: "file",
    sourceUri: name,
    fileName: name,
    mimeType: `text/${markers.mimeType}`,
  });
  const https = (sourceUri: string) => ({
    referenceId: "url",
    referenceType: "https",
    sourceUri,
  });
  const page = `${sourceOrigin}/${markers.urlPath}/page.html?sig=${markers.urlQuery}`;
  return {
    read: interactionBody({
      queryText: sentences.query,
      metadata: { note: markers.metadata },
      artifactReferences: [
        file(pdfName),
        file(docxName),
        https(page),
        file(textName),
        file(mailName),
      ],
      callbackUrl,
    }),
    kept: interactionBody({
      queryText: sentences.query,
      personaIds: ["analyst", "compliance"],
      panel: { maxRounds: 2 },
      artifactReferences: [file(textName)],
    }),
    unreadable: interactionBody({
      queryText: sentences.query,
      artifactReferences: [
        https(`${sourceOrigin}/${markers.missingUrl}`),
        https(`${sourceOrigin}/${markers.brokenUrl}`),
        https(`http://10.11.12.13/${markers.refusedUrl}`),
        file(`${markers.missingFile}.pdf`),
        file(corruptName),
      ],
    }),
    timedOut: interactionBody({
      queryText: sentences.query,
      artifactReferences: [https(`${sourceOrigin}/${markers.hangingUrl}`)],
      callbackUrl,
    }),
    modelFails: interactionBody({ queryText: `Why ${markers.modelError}?` }),
    modelRambles: interactionBody({
      queryText: `How ${markers.malformedAnswer}?`,
    }),
  };
}

async function postRefused(app: AppHome): Promise<readonly number[]> {
  const post = async (body: unknown, headers = {}): Promise<number> =>
    (await app.call("POST", "/api/v1/interactions", { body, headers })).status;
  const get = async (path: string): Promise<number> =>
    (await fetch(`${app.url}${path}`)).status;
  return [
    await post({ ...interactionBody(), surprise: markers.unknownField }),
    await post({ ...interactionBody(), [markers.unknownField]: 1 }),
    await post(`{"queryText": "${markers.malformedJson}`),
    await post(interactionBody({ userId: markers.overlongField.repeat(50) })),
    await post(interactionBody({ priority: markers.overlongField })),
    await post(interactionBody(), {
      authorization: `Bearer ${markers.authorization}.e30.e30`,
    }),
    await post(interactionBody(), {
      "content-type": `text/${markers.requestUrl}`,
    }),
    await post(interactionBody(), {
      "idempotency-key": `${markers.note}\u00e9`,
    }),
    await get(
      `/api/v1/jobs/${markers.requestUrl}/result?q=${markers.requestUrl}`,
    ),
    await get(`/api/v1/jobs/${encodeURIComponent(`${markers.requestUrl} `)}`),
    await get(`/${markers.requestUrl}?q=${markers.requestUrl}`),
    await get(
      `/runtime/webhooks/durabletask/instances/${markers.requestUrl}?code=${markers.requestUrl}`,
    ),
  ];
}
