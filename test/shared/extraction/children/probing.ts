/** A child that tries what it must not be able to do, and answers with what it could. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { refuseNetwork } from "../../../../shared/extraction/child/refuse-network.ts";
import { pipeFd, toFrames } from "../../../../shared/extraction/protocol.ts";

const pipe = new Socket({ fd: pipeFd });
refuseNetwork();
const attempts: Readonly<Record<string, () => unknown>> = {
  write: () => writeFileSync(`${tmpdir()}/probe`, "x"),
  spawn: () => spawn("true"),
  connect: () => new Socket().connect(9),
  fetch: () => fetch("http://127.0.0.1:9"),
};
const could = Object.entries(attempts).flatMap(([name, attempt]) => {
  try {
    attempt();
    return [name];
  } catch {
    return [];
  }
});
const environment = Object.keys(process.env);
pipe.once("data", () => {
  const text = JSON.stringify({ could, environment });
  for (const frame of toFrames("text", Buffer.from(text))) pipe.write(frame);
  const result = Buffer.from('{"mediaType":"text/plain","words":1}');
  for (const frame of toFrames("read", result)) pipe.write(frame);
  for (const frame of toFrames("done")) pipe.write(frame);
});
