import { afterAll, beforeAll, expect, it } from "vitest";
import * as peer from "../service-bus/raw-peer.ts";
import {
  cjsApp,
  runCleanups,
  startFixtureHost,
} from "./support/start-fixture-host.ts";
import type { FixtureHost } from "./support/start-fixture-host.ts";

const { described, double, list, map, nil, symbol, text } = peer;
const cleanups: (() => Promise<void> | void)[] = [];
let host: FixtureHost;

beforeAll(async () => {
  host = await startFixtureHost(
    cjsApp(`app.serviceBusQueue("take", { connection: "BUS", queueName: "jobs", handler: (message, context) => {
  context.log("took " + JSON.stringify(message)?.slice(0, 40));
} });`),
    cleanups,
    { queues: [{ name: "jobs", maxDeliveryCount: 1 }] },
  );
});
afterAll(() => runCleanups(cleanups));

const nested = (levels: number): Buffer => {
  let value = list();
  for (let level = 0; level < levels; level += 1) value = list(value);
  return value;
};
const timestamp = (ms: bigint): Buffer => {
  const bytes = Buffer.alloc(9, 0x83);
  bytes.writeBigInt64BE(ms, 1);
  return bytes;
};
const long = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(9, 0x81);
  bytes.writeBigInt64BE(value, 1);
  return bytes;
};
/** A disposition's descriptor. */
const accepted = "\0S\u0015";
const invalid = Buffer.from([0xa1, 4, 0xff, 0xfe, 0xc0, 0x00]);
const value = (body: Buffer): Buffer => described(0x77, body);
const properties = (...fields: Buffer[]): Buffer =>
  described(0x73, list(...fields));
const user = (...entries: Buffer[]): Buffer => described(0x74, map(...entries));
const data = described(0x75, peer.binary("data"));

const messages: Record<string, Buffer[]> = {
  "no body": [properties(text("1"))],
  "a value that nests": [value(nested(200))],
  "a value of a number too large": [value(long(2n ** 62n))],
  "a value that is a type of its own": [value(described(0x10, list()))],
  "a value that is no number": [value(double(Number.NaN))],
  "a map of odd keys": [value(map(nil, text("a"), text("__proto__"), list()))],
  "text that is no UTF-8": [value(invalid)],
  "ids that are no text": [properties(double(1.5), nil, nil, nil, nil, list())],
  "times beyond all calendars": [
    properties(
      text("1"),
      nil,
      nil,
      nil,
      nil,
      nil,
      nil,
      nil,
      timestamp(2n ** 62n),
      timestamp(-(2n ** 62n)),
    ),
    data,
  ],
  "properties named like what objects have": [
    user(
      text("__proto__"),
      text("x"),
      text("constructor"),
      text("y"),
      text("toJSON"),
      text("z"),
      text("hasOwnProperty"),
      double(0),
    ),
    data,
  ],
  "properties without names": [
    user(text(""), text("x"), text("\0"), nil),
    data,
  ],
  "annotations of the broker's own": [
    described(
      0x72,
      map(
        symbol("x-opt-sequence-number"),
        text("x"),
        symbol("x-opt-enqueued-time"),
        timestamp(2n ** 62n),
        symbol("x-opt-locked-until"),
        text("never"),
        symbol("x-opt-partition-key"),
        list(),
      ),
    ),
    data,
  ],
};

it.each(Object.entries(messages))(
  "a message with %s does not stop those behind it",
  async (name, sections) => {
    const { port } = new URL(
      (/Endpoint=([^;]+)/.exec(host.serviceBusConnectionString) ?? [])[1] ?? "",
    );
    for (const message of [Buffer.concat(sections), value(text(name))]) {
      await peer.say(
        Number(port),
        [
          peer.open,
          peer.begin,
          peer.attach("send", "jobs"),
          peer.transfer(message),
        ],
        accepted,
      );
    }
    const isTaken = (): boolean =>
      host.lines.some(({ message }) => message?.includes(name) === true);
    while (!isTaken()) await host.logged("app-log");
    expect(isTaken()).toBe(true);
  },
);
