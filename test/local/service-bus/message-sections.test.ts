import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  encodeForDelivery,
  readMessage,
} from "../../../local/service-bus/amqp/message-codec.ts";
import {
  MalformedMessage,
  SECTION,
  splitSections,
} from "../../../local/service-bus/amqp/message-sections.ts";
import {
  amqpMessages,
  amqpTypes,
} from "../../../local/service-bus/amqp/rhea-internals.ts";

const value = fc.oneof(
  fc.string({ maxLength: 600 }),
  fc.integer(),
  fc.boolean(),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }),
);

describe("splitSections", () => {
  it("cuts any message into sections that are the message again", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), value),
        fc.array(value),
        (properties, body) => {
          const bytes = amqpMessages.encode({
            message_id: "id",
            durable: true,
            message_annotations: { "x-opt-own": 1 },
            application_properties: properties,
            body,
            footer: { checksum: 1 },
          });
          const sections = splitSections(bytes);
          expect(Buffer.concat(sections.map((s) => s.bytes))).toEqual(bytes);
          expect(sections.map((s) => s.code)).toEqual([
            SECTION.header,
            SECTION.messageAnnotations,
            SECTION.properties,
            SECTION.applicationProperties,
            SECTION.footer,
            SECTION.value,
          ]);
        },
      ),
      { seed: 1 },
    );
  });
});

describe("readMessage", () => {
  it("reads damaged bytes as a message or refuses them, and what it reads can be delivered", () => {
    const whole = amqpMessages.encode({
      message_id: "id",
      ttl: 5,
      message_annotations: { own: [1, 2], map: { a: "b" } },
      application_properties: { a: 1, b: "two", c: true },
      body: "text",
    });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), {
          maxLength: 4,
        }),
        fc.nat(whole.length),
        (changes, length) => {
          const bytes = Buffer.from(whole.subarray(0, length));
          for (const [at, byte] of changes) if (at < length) bytes[at] = byte;
          expect(["delivered", "refused"]).toContain(outcomeOf(bytes));
        },
      ),
      { seed: 2, numRuns: 2_000 },
    );
  });

  it("refuses application properties that are not simple values", () => {
    const bytes = amqpMessages.encode({
      application_properties: {
        longs: amqpTypes.wrap_array([1, 2], 0x81),
      },
      body: 1,
    });
    expect(() => readMessage(bytes)).toThrow(MalformedMessage);
  });

  it("gives an id and keeps everything else", () => {
    const { content, messageId } = readMessage(
      amqpMessages.encode({ subject: "s", body: 1 }),
    );
    const decoded = amqpMessages.decode(content);
    expect(decoded).toMatchObject({ subject: "s", body: 1 });
    expect(messageId).toBe(`s:${String(decoded["message_id"])}`);
  });
});

function outcomeOf(bytes: Buffer): unknown {
  try {
    const { content } = readMessage(bytes);
    encodeForDelivery(content, {
      deliveryCount: 1,
      sequenceNumber: 1,
      enqueuedAt: 1,
    });
    return "delivered";
  } catch (error) {
    return error instanceof MalformedMessage ? "refused" : error;
  }
}
