import { once } from "node:events";
import { connect } from "node:net";

/** Encoded AMQP values, made by hand so that they may be wrong. */
export const nil = Buffer.from([0x40]);
export const yes = Buffer.from([0x41]);
export const no = Buffer.from([0x42]);
export const uint = (value: number): Buffer => withUint(0x70, value);
export const double = (value: number): Buffer => {
  const bytes = Buffer.alloc(9, 0x82);
  bytes.writeDoubleBE(value, 1);
  return bytes;
};
export const text = (value: string): Buffer => sized(0xa1, value);
export const symbol = (value: string): Buffer => sized(0xa3, value);
export const binary = (value: Buffer | string): Buffer => sized(0xa0, value);
export const list = (...items: readonly Buffer[]): Buffer =>
  compound(0xd0, items.length, Buffer.concat(items));
export const map = (...items: readonly Buffer[]): Buffer =>
  compound(0xd1, items.length, Buffer.concat(items));
/** `count` is what it says of itself. */
export const compound = (
  typeCode: number,
  count: number,
  content: Buffer,
): Buffer =>
  Buffer.concat([
    withUint(typeCode, content.length + 4),
    withUint(0, count).subarray(1),
    content,
  ]);
export const described = (code: number, value: Buffer): Buffer =>
  Buffer.concat([Buffer.from([0, 0x53, code]), value]);

function sized(typeCode: number, value: Buffer | string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([typeCode, bytes.length]), bytes]);
}

function withUint(typeCode: number, value: number): Buffer {
  const bytes = Buffer.alloc(5, typeCode);
  bytes.writeUInt32BE(value, 1);
  return bytes;
}

const protocolHeader = Buffer.from("AMQP\0\u0001\0\0", "latin1");

/** One frame of channel 0. */
export function frame(code: number, ...fields: readonly Buffer[]): Buffer {
  return rawFrame(described(code, list(...fields)));
}

export function rawFrame(body: Buffer, size = body.length + 8): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(size);
  head[4] = 2;
  return Buffer.concat([head, body]);
}

const window = uint(2048);
export const open = frame(0x10, text("peer"));
export const begin = frame(0x11, nil, uint(0), window, window);
export const flow = frame(
  0x13,
  uint(0),
  window,
  uint(0),
  window,
  uint(1),
  uint(0),
  uint(10),
);
/** To `address` as link 0, or from it as link 1. */
export function attach(role: "send" | "receive", address: string): Buffer {
  const isSender = role === "send";
  const terminus = (code: number, name: string): Buffer =>
    described(code, list(text(name)));
  return frame(
    0x12,
    text(role),
    uint(isSender ? 0 : 1),
    isSender ? no : yes,
    nil,
    nil,
    terminus(0x28, isSender ? "me" : address),
    terminus(0x29, isSender ? address : "me"),
    nil,
    nil,
    uint(0),
  );
}
export function transfer(message: Buffer): Buffer {
  const performative = described(
    0x14,
    list(uint(0), uint(0), binary("tag"), uint(0), no, no),
  );
  return rawFrame(Buffer.concat([performative, message]));
}

/** A message whose sections come first, before a small body. */
export const message = (...sections: readonly Buffer[]): Buffer =>
  Buffer.concat([...sections, described(0x75, binary("body"))]);
/** A request to a `$management` node. */
export function request(operation: string, body: Buffer): Buffer {
  return Buffer.concat([
    described(0x73, list(text("1"), nil, nil, nil, text("me"))),
    described(0x74, map(text("operation"), text(operation))),
    described(0x77, body),
  ]);
}

/** Opens a connection, says all this at once, and reads what comes until it contains `wanted` or the peer hangs up. */
export async function say(
  port: number,
  said: readonly Buffer[],
  wanted: string,
): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  const ended = once(socket, "close").catch(() => undefined);
  let heard = "";
  const enough = new Promise<void>((resolve) => {
    socket.on("data", (bytes: Buffer) => {
      heard += bytes.toString("latin1");
      if (heard.includes(wanted)) resolve();
    });
  });
  socket.write(Buffer.concat([protocolHeader, ...said]));
  await Promise.race([ended, enough]);
  socket.destroy();
  return heard;
}
