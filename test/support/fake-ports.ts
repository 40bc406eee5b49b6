import type {
  ArtifactProvider,
  OpenArtifact,
} from "../../shared/artifacts/artifact-provider.ts";
import type { JobRunner } from "../../shared/durable/job-runner.ts";
import type { ContentExtractor } from "../../shared/extraction/extractor.ts";
import type { Now } from "../../shared/kernel/clock.ts";
import { Content } from "../../shared/kernel/content.ts";
import { MediaType } from "../../shared/kernel/metadata.ts";
import type { MessageSender } from "../../shared/messages/message-sender.ts";
import type { PersonaModel } from "../../shared/personas/persona-model.ts";
import type {
  AttemptResult,
  Deliverer,
} from "../../shared/webhooks/deliver.ts";

/** The engine: refuses a second instance of one id, as the real one does, and counts what really started. */
export function createFakeRunner() {
  const instances = new Map<string, "running" | "ended">();
  const starts: string[] = [];
  const cancelled: string[] = [];
  const terminated: string[] = [];
  const purged: string[] = [];
  const runner: JobRunner = {
    async start({ jobId }) {
      if (instances.has(jobId)) return;
      instances.set(jobId, "running");
      starts.push(jobId);
    },
    async cancel(jobId) {
      cancelled.push(jobId);
    },
    find: async (jobId) => instances.get(jobId) ?? "absent",
    async terminate(jobId) {
      instances.set(jobId, "ended");
      terminated.push(jobId);
    },
    async purge({ jobId }) {
      instances.delete(jobId);
      purged.push(jobId);
    },
  };
  return { ...runner, instances, starts, cancelled, terminated, purged };
}

interface QueuedMessage {
  readonly body: unknown;
  readonly messageId: string;
  readonly visibleAtMs: number;
}

/** A queue with duplicate detection; the test takes its messages. */
export function createFakeQueue(now: Now) {
  const seen = new Set<string>();
  const waiting: QueuedMessage[] = [];
  const sender: MessageSender = {
    async send(channel, { body, messageId, visibleAtMs }) {
      const parsed = channel.body.parse(body);
      if (seen.has(messageId)) return;
      seen.add(messageId);
      waiting.push({
        body: JSON.parse(JSON.stringify(parsed)) as unknown,
        messageId,
        visibleAtMs: visibleAtMs ?? now(),
      });
    },
    ping: async () => undefined,
    close: async () => undefined,
  };
  return {
    ...sender,
    waiting,
    sent: seen,
    /** Takes the message that is visible first; it is gone then. */
    take(): QueuedMessage | undefined {
      waiting.sort((left, right) => left.visibleAtMs - right.visibleAtMs);
      return waiting.shift();
    },
    /** Puts a message back, as a lock that was lost does. */
    putBack(message: QueuedMessage): void {
      waiting.push(message);
    },
  };
}

type Posted = Parameters<Deliverer["attempt"]>[0];

/** An endpoint that answers as scripted, 200 after the script's end. */
export function createFakeDeliverer() {
  const posted: Posted[] = [];
  const script: AttemptResult[] = [];
  const deliverer: Deliverer = {
    async attempt(attempt) {
      posted.push(attempt);
      return (
        script.shift() ?? {
          outcome: "delivered",
          httpStatus: 200,
          durationMs: 3,
        }
      );
    },
  };
  return { ...deliverer, posted, script };
}

/** A source system: documents by address; a function stands for what happens instead. */
export function createFakeProvider() {
  const documents = new Map<string, string | (() => Promise<OpenArtifact>)>();
  const provider: ArtifactProvider = {
    referenceType: "test",
    async open({ sourceUri }) {
      const uri = sourceUri.revealText();
      const document = documents.get(uri) ?? `The text of ${uri}.`;
      if (typeof document === "function") return document();
      return { bytes: bytesOf(document) };
    },
  };
  return { ...provider, documents };
}

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

/** Takes bytes for text. */
export function createFakeExtractor() {
  const failures: (() => Error)[] = [];
  const extractor: ContentExtractor = {
    async extract({ bytes }) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of bytes) chunks.push(chunk);
      const failure = failures.shift();
      if (failure) throw failure();
      const text = Buffer.concat(chunks).toString();
      return {
        mediaType: MediaType.parse("text/plain"),
        text: Content.fromText(text),
        words: text.split(/\s+/).length,
      };
    },
    close: async () => undefined,
  };
  return { ...extractor, failures };
}

/** Answers with the first words of each document. */
export function createFakeModel() {
  const failures: (() => Error)[] = [];
  const model: PersonaModel = {
    name: "fake",
    async answer({ documents }) {
      const failure = failures.shift();
      if (failure) throw failure();
      const quotes = documents.map(({ artifactIndex, text }) => ({
        artifactIndex,
        text: text.revealText(),
      }));
      return {
        answer: `It says: ${quotes.map(({ text }) => text).join(" ")}`,
        keyPoints: ["one"],
        quotes,
        notFound: quotes.length === 0,
        usage: { inputTokens: 7, outputTokens: 5 },
        model: "fake",
      };
    },
  };
  return { ...model, failures };
}
