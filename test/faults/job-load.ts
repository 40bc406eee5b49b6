import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ApiClient, Caller } from "../support/api-client.ts";
import { type AppHome, openAppHome } from "../support/app-process.ts";
import {
  type CallbackReceiver,
  startCallbackReceiver,
} from "../support/callback-receiver.ts";
import { fileReferences, interactionBody } from "../support/jobs.ts";

/** One interaction that was posted until it was accepted. */
export interface LoadedJob {
  readonly number: number;
  readonly jobId: string;
  readonly caller: Caller;
  /** The one `webhook-id` under which its end is announced. */
  readonly deliveryId: string;
}

/** An app in a home of its own, with adapters that give it work and receive its callbacks. */
export interface JobLoad {
  readonly app: AppHome;
  readonly home: string;
  readonly receiver: CallbackReceiver;
  /** Makes the adapters' secrets and the subscription; once, while the app is up. */
  prepare(): Promise<void>;
  /** Posts the interaction of that number under an Idempotency-Key of its own, again and again until it is accepted. */
  submit(number: number): Promise<LoadedJob>;
  /** Posts as many interactions at once. */
  submitAll(count: number): Promise<readonly LoadedJob[]>;
  /** Resolves when each job's end was announced. */
  untilAnnounced(jobs: readonly LoadedJob[]): Promise<void>;
  /** The secret that signs what comes in at that path. */
  secretOf(path: string): string;
  close(): Promise<void>;
}

/** Calls back; and one that has subscribed instead. */
const callingBack: Caller = { userId: "u1" };
const subscribed: Caller = { userId: "u2" };
/** A short lease, so that a delivery which died with its process need not be waited for long. */
const webhookSettings = {
  WEBHOOK_SCHEDULE: "0,1,1,2,5",
  WEBHOOK_TIMEOUT_MS: "1000",
};

export async function createJobLoad(
  folder: string,
  answer?: Parameters<typeof startCallbackReceiver>[0],
): Promise<JobLoad> {
  const [home, temporaryFolder, documents] = (await Promise.all(
    ["home", "temporary", "documents"].map(async (name) => {
      await mkdir(join(folder, name));
      return join(folder, name);
    }),
  )) as [string, string, string];
  const receiver = await startCallbackReceiver(answer);
  const app = await openAppHome({
    home,
    temporaryFolder,
    settings: {
      ARTIFACT_ROOT: documents,
      EGRESS_ALLOW: receiver.address,
      ...webhookSettings,
    },
  });
  const secrets = new Map<string, string>();
  let webhookId = "";

  const submit: JobLoad["submit"] = async (number) => {
    const isSubscribed = number % 4 === 0;
    const caller = isSubscribed ? subscribed : callingBack;
    const files = await writeDocuments(documents, number);
    const body = interactionBody({
      queryText: `What is the code word of project ${number}?`,
      artifactReferences: fileReferences(...files),
      ...(!isSubscribed && { callbackUrl: `${receiver.origin}/callback` }),
    });
    const jobId = await postUntilAccepted(app, caller, body, number);
    const deliveryId = `msg_${jobId}${isSubscribed ? `_${webhookId}` : ""}`;
    return { number, jobId, caller, deliveryId };
  };

  return {
    app,
    home,
    receiver,
    async prepare() {
      const own = await app.call("POST", "/api/v1/webhooks/secret", {
        caller: callingBack,
      });
      secrets.set("/callback", (own.body as { secret: string }).secret);
      const webhook = await app.call("POST", "/api/v1/webhooks", {
        caller: subscribed,
        body: { url: `${receiver.origin}/subscription` },
      });
      const made = webhook.body as { webhookId: string; secret: string };
      secrets.set("/subscription", made.secret);
      webhookId = made.webhookId;
    },
    submit,
    submitAll: (count) =>
      Promise.all(
        Array.from({ length: count }, (_, index) => submit(index + 1)),
      ),
    async untilAnnounced(jobs) {
      for (const { deliveryId } of jobs)
        await receiver.next(
          ({ headers }) => headers["webhook-id"] === deliveryId,
        );
    },
    secretOf: (path) => secrets.get(path) ?? "",
    async close() {
      await app.close();
      await receiver.close();
    },
  };
}

export function codeWordOf(number: number): string {
  return `amber${number}`;
}

/** One to three small documents; one of them holds the code word. */
async function writeDocuments(
  folder: string,
  number: number,
): Promise<readonly string[]> {
  const texts = [
    `# Project ${number}\n\nThe code word of project ${number} is ${codeWordOf(number)}.\n`,
    "Notes\n\nNothing of importance was said in the meeting.\n",
    "name,value\nplan,later\n",
  ].slice(0, 1 + (number % 3));
  const names = [`${number}.md`, `${number}.txt`, `${number}.csv`];
  return Promise.all(
    texts.map(async (text, index) => {
      const name = names[index] ?? "";
      await writeFile(join(folder, name), text);
      return name;
    }),
  );
}

/** As an adapter does it: the same request with the same key, until it is answered with 202. */
async function postUntilAccepted(
  app: ApiClient,
  caller: Caller,
  body: unknown,
  number: number,
): Promise<string> {
  for (;;) {
    const answer = await app
      .call("POST", "/api/v1/interactions", {
        caller,
        body,
        headers: { "idempotency-key": `key-${number}` },
      })
      // The host was killed while it was to answer, or is not up yet.
      .catch(() => undefined);
    if (answer?.status === 202) return (answer.body as { jobId: string }).jobId;
    if (answer && answer.status !== 409 && answer.status !== 503)
      throw new Error(
        `refused: ${answer.status} ${JSON.stringify(answer.body)}`,
      );
    await sleep(100);
  }
}
