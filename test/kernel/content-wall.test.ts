import { expect, test } from "vitest";
import { z } from "zod";
import { createDocumentCodec } from "../../shared/documents/document-codec.ts";
import { kinds, type RecordStore } from "../../shared/documents/kinds.ts";
import { call } from "../../shared/durable/call.ts";
import { defineContract } from "../../shared/durable/contract.ts";
import { Content } from "../../shared/kernel/content.ts";
import { NucleusError } from "../../shared/kernel/errors.ts";
import { createLogger, type Logger } from "../../shared/kernel/log.ts";
import { Count, defineMetadata, Tag } from "../../shared/kernel/metadata.ts";
import {
  defineChannel,
  type MessageSender,
} from "../../shared/messages/message-sender.ts";
import { deliveryChannel } from "../../shared/webhooks/delivery-channel.ts";
import { retrieveArtifact } from "../../shared/workflow/contracts.ts";

/**
 * The wall between content and metadata as the compiler holds it: `tsc` fails where one of these compiles. The functions
 * are never called.
 */
export function whatDoesNotCompile(
  log: Logger,
  store: RecordStore,
  messages: MessageSender,
  context: Parameters<typeof call>[0],
  content: Content,
  text: string,
): readonly (() => unknown)[] {
  const tenantId = Tag.parse("t1");
  const job = { tenantId, jobId: tenantId };
  const partition = { tenantId, scope: tenantId };
  const step = {
    step: "store",
    item: 0,
    outcome: "done",
    durationMs: 1,
  } as const;
  const upsert = { op: "upsert", kind: "step", id: tenantId } as const;
  const nested = z.strictObject({
    a: z.array(z.strictObject({ text: z.string() })),
  });
  return [
    // The logger
    // @ts-expect-error a plain string is no tag
    () => log.event("job.status-changed", { ...job, status: text }),
    // @ts-expect-error content is no tag
    () => log.event("job.status-changed", { ...job, status: content }),
    () =>
      log.event("job.status-changed", {
        ...job,
        status: tenantId,
        // @ts-expect-error a field that is not in the catalogue
        query: text,
      }),
    // @ts-expect-error an event that is not in the catalogue
    () => log.event("query.received", { ...job }),

    // Errors
    // @ts-expect-error a code of the catalogue, nothing else
    () => new NucleusError(text),
    // @ts-expect-error nor content
    () => new NucleusError(content),
    // @ts-expect-error nor a cause
    () => new NucleusError("internal", { cause: text }),

    // Documents
    // @ts-expect-error a plain string could be content
    () => defineMetadata(z.strictObject({ title: z.string() })),
    // @ts-expect-error also deep inside
    () => defineMetadata(nested),
    // @ts-expect-error also as the value of a map
    () => defineMetadata(z.record(Tag, z.string())),
    // @ts-expect-error also as one of several
    () => defineMetadata(z.union([Tag, z.string()])),
    // @ts-expect-error content itself
    () => defineMetadata(z.strictObject({ body: z.instanceof(Content) })),
    // @ts-expect-error what is not known could be anything
    () => defineMetadata(z.strictObject({ body: z.unknown() })),
    () =>
      store.batch(partition, [
        {
          ...upsert,
          document: {
            ...step,
            // @ts-expect-error a plain string is no time
            finishedAt: text,
          },
        },
      ]),
    () =>
      store.batch(partition, [
        {
          ...upsert,
          document: {
            ...step,
            // @ts-expect-error nor is content
            finishedAt: content,
          },
        },
      ]),
    () =>
      // @ts-expect-error a document's id is a tag
      store.read("step", partition, text),
    () =>
      // @ts-expect-error and so is its partition
      store.read("step", { tenantId, scope: text }, tenantId),

    // Messages
    // @ts-expect-error a channel whose body could hold content
    () => defineChannel({ queue: "q", body: nested }),
    () =>
      messages.send(deliveryChannel, {
        // @ts-expect-error a message's fields are tags
        body: { schemaVersion: 1, ...job, deliveryId: text, attempt: 1 },
        messageId: tenantId,
      }),
    () =>
      messages.send(deliveryChannel, {
        body: { schemaVersion: 1, ...job, deliveryId: tenantId, attempt: 1 },
        // @ts-expect-error and so is its id
        messageId: text,
      }),

    // Orchestrators and activities
    () =>
      defineContract({
        name: "n",
        // @ts-expect-error an input that could hold content
        input: z.strictObject({ query: z.string() }),
        output: z.strictObject({ n: Count }),
      }),
    () =>
      defineContract({
        name: "n",
        input: z.strictObject({ n: Count }),
        // @ts-expect-error an output that could hold content
        output: z.strictObject({ answer: z.instanceof(Content) }),
      }),
    // @ts-expect-error an activity's input is metadata
    () => call(context, retrieveArtifact, { ...job, index: text }),
    () =>
      call(context, retrieveArtifact, {
        tenantId,
        // @ts-expect-error nor content
        jobId: content,
        index: 0,
      }),

    // Content itself
    // @ts-expect-error is no string
    (): string => content,
    // @ts-expect-error and is made on purpose only
    (): Content => text,
  ];
}

/** The same walls at run time, for what reaches them without being compiled. */
const untyped = (value: unknown) => value as never;
const words = "the merger is called off";

test("a log record that does not pass its schema is dropped, all of it", () => {
  const lines: string[] = [];
  const log = createLogger(
    (line) => lines.push(line),
    () => 0,
  );
  const tenantId = Tag.parse("t1");
  const job = { tenantId, jobId: tenantId };
  log.event("job.status-changed", untyped({ ...job, status: words }));
  log.event(
    "job.status-changed",
    untyped({ ...job, status: Content.fromText(words) }),
  );
  log.event(
    "job.status-changed",
    untyped({ ...job, status: tenantId, query: words }),
  );
  log.event("job.status-changed", { ...job, status: Tag.parse("Queued") });
  const time = "1970-01-01T00:00:00.000Z";
  const refused = { time, event: "job.status-changed", refused: true };
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    refused,
    refused,
    refused,
    { time, event: "job.status-changed", ...job, status: "Queued" },
  ]);
});

test("a document that is not its kind's is refused before it is written, without a word of it", () => {
  const codec = createDocumentCodec(kinds, {});
  const tenantId = Tag.parse("t1");
  const step = { step: "store", item: 0, outcome: "done", durationMs: 1 };
  for (const finishedAt of [words, Content.fromText(words)]) {
    const encode = () =>
      codec.encode({ tenantId, scope: tenantId }, [
        untyped({
          op: "upsert",
          kind: "step",
          id: tenantId,
          document: { ...step, finishedAt },
        }),
      ]);
    expect(encode).toThrow(new NucleusError("document_invalid"));
  }
});

test("an error's text is the catalogue's", () => {
  expect(new NucleusError("not_found").message).toBe(
    "not_found: There is no such thing here, or it is not yours.",
  );
});
