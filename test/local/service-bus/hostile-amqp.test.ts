import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as peer from "./raw-peer.ts";
import { startTestBus, type TestBus } from "./start-test-bus.ts";

const { begin, described, double, list, map, nil, open, text, uint } = peer;
const four = 4_294_967_295;
/** What the endpoint answers to every `open`. */
const opened = "nucleus-service-bus";

let bus: TestBus;
let lines: string[];
let fatal: unknown[];

beforeEach(async () => {
  lines = [];
  fatal = [];
  bus = await startTestBus({
    queues: [{ name: "jobs" }, { name: "talks", requiresSession: true }],
    log: (_, line) => lines.push(line),
    onFatal: (error) => fatal.push(error),
  });
});
afterEach(() => bus.close());

const say = (wanted: string, ...said: readonly Buffer[]): Promise<string> =>
  peer.say(bus.endpoint.port, said, wanted);

/** The endpoint still answers others. */
async function expectServing(): Promise<void> {
  expect(await say(opened, open)).toContain(opened);
  expect(fatal).toEqual([]);
}

describe("a client that counts wrong", () => {
  const empties = Buffer.from([0x40]);
  const array = peer.compound(0xf0, four, empties);
  const wrong = {
    "an array of four billion nulls": array,
    "a list of thirty million items": peer.compound(0xd0, 30_000_000, empties),
    "a map of four billion items": peer.compound(0xd1, four, empties),
  };
  it.each(Object.entries(wrong))(
    "loses its connection: %s",
    async (_, bytes) => {
      const fields = Array.from({ length: 6 }, () => nil);
      await say("never", peer.frame(0x10, text("peer"), ...fields, bytes));
      expect(lines).toEqual(["service-bus: error: RangeError"]);
      await expectServing();
    },
  );

  it("has its message refused", async () => {
    const annotations = described(0x72, map(peer.symbol("a"), array));
    const answer = await say(
      "decode-error",
      open,
      begin,
      peer.attach("send", "jobs"),
      peer.transfer(peer.message(annotations)),
    );
    expect(answer).toContain("not an AMQP 1.0 message");
    expect(bus.endpoint.counts("jobs").active).toBe(0);
  });

  it.each([true, false])(
    "settles nothing with a disposition of four billion deliveries (receiver: %s)",
    async (isReceiver) => {
      const role = isReceiver ? peer.yes : peer.no;
      const range = peer.frame(0x15, role, uint(0), uint(four), peer.yes);
      await say(opened, open, begin, range);
      await expectServing();
    },
  );
});

describe("times that are no whole milliseconds", () => {
  it.each([1500.5, Number.NaN, Infinity, 1e300])(
    "are refused with their message, not with the file: %s",
    async (time) => {
      const header = described(0x70, list(nil, nil, double(time)));
      const schedule = described(
        0x72,
        map(peer.symbol("x-opt-scheduled-enqueue-time"), double(time)),
      );
      for (const section of [header, schedule]) {
        const answer = await say(
          "decode-error",
          open,
          begin,
          peer.attach("send", "jobs"),
          peer.transfer(peer.message(section)),
        );
        expect(answer).toContain("not an AMQP 1.0 message");
      }
      await expectServing();
    },
  );

  it("and a message that ended before it began is refused too", async () => {
    const header = described(0x70, list(nil, nil, double(-5)));
    const answer = await say(
      "decode-error",
      open,
      begin,
      peer.attach("send", "jobs"),
      peer.transfer(peer.message(header)),
    );
    expect(answer).toContain("not an AMQP 1.0 message");
  });

  it("and counts that are not whole are cut", async () => {
    const asked = map(
      text("last-updated-time"),
      double(253_402_300_799_999),
      text("skip"),
      double(0.5),
      text("top"),
      double(1e300),
    );
    await say(
      "statusCode",
      open,
      begin,
      peer.attach("receive", "talks/$management"),
      peer.flow,
      peer.attach("send", "talks/$management"),
      peer.transfer(peer.request("com.microsoft:get-message-sessions", asked)),
    );
    await expectServing();
  });
});

describe("a connection", () => {
  it.each([1, 60])(
    "gets frames of 512 bytes when it asks for %s",
    async (size) => {
      const small = peer.frame(0x10, text("peer"), nil, uint(size));
      const answer = await say(
        "body",
        small,
        begin,
        peer.attach("send", "jobs"),
        peer.transfer(peer.message()),
        peer.attach("receive", "jobs"),
        peer.flow,
      );
      expect(answer).toContain("body");
      await expectServing();
    },
  );

  it("gets no heartbeat when it needs none for weeks", async () => {
    const patient = peer.frame(0x10, text("peer"), nil, nil, nil, uint(four));
    const warnings: string[] = [];
    const warn = (warning: Error): unknown => warnings.push(warning.name);
    process.on("warning", warn);
    await say(opened, patient);
    await expectServing();
    process.off("warning", warn);
    expect(warnings).toEqual([]);
  });

  it("ends with a frame that announces more than it may hold", async () => {
    const huge = peer.rawFrame(Buffer.alloc(100), 0x7fffffff);
    await say("never", open, huge);
    await expectServing();
  });

  it("has no say in the log: what it calls a condition stays out", async () => {
    const error = described(
      0x1d,
      list(peer.symbol("a secret of a user"), text("and more")),
    );
    await say("never", open, peer.frame(0x18, error));
    expect(lines).toEqual(["service-bus: connection error: ConnectionError"]);
  });
});
