import { join } from "node:path";
import type { RunningHost } from "../../local/host/start-host.ts";
import { createLocalIssuer } from "../../local/issuer/local-issuer.ts";
import { systemNow } from "../../shared/kernel/clock.ts";
import type { Command, CommandIo } from "../command.ts";
import { findAppRoot } from "../find-app-root.ts";
import { createLineBuffer } from "../line-buffer.ts";
import { pickMissing, toLocalSettings } from "../local-settings.ts";
import { parseArguments, parseWholeNumber } from "../parse-arguments.ts";
import { resolveHome } from "../resolve-home.ts";
import { beginServing } from "../serving.ts";
import {
  findFreePort,
  readGivenSettings,
  startLocalApp,
} from "../start-local-app.ts";
import { toLogText } from "../to-log-text.ts";

const defaultPort = "7071";
/** Beside AMQP's own 5672, where a broker of the machine would listen. */
const defaultAmqpPort = "5673";
const highestPort = 65_535;

/** `nucleus start`: keeps the app running until SIGTERM or SIGINT, then drains it. */
export const runStart: Command = async (args, io) => {
  const values = parseArguments(args, { port: { type: "string" } });
  const wanted = parseWholeNumber(
    values.port === undefined ? "PORT" : "--port",
    values.port ?? io.env["PORT"] ?? defaultPort,
    [0, highestPort],
  );
  const port = wanted === 0 ? await findFreePort() : wanted;
  const amqpPort = parseWholeNumber(
    "NUCLEUS_AMQP_PORT",
    io.env["NUCLEUS_AMQP_PORT"] ?? defaultAmqpPort,
    [0, highestPort],
  );
  const home = resolveHome(io);
  const issuer = await createLocalIssuer({ home, now: systemNow });
  const defaults = pickMissing(
    toLocalSettings({
      home,
      issuer,
      artifactRoot: join(findAppRoot(), "examples/documents"),
      publicUrl: `http://127.0.0.1:${port}`,
    }),
    readGivenSettings(io.env),
  );
  const serving = beginServing();
  const lines = createLineBuffer(io.print);
  const host = await startLocalApp({
    signal: serving.signal,
    home,
    port,
    amqpPort,
    settings: defaults,
    log: (line) => lines.add(toLogText(line, io.isTerminal)),
  });
  lines.flush();
  printWelcome(io, host, { home, defaults });
  await serving.endAsked;
  await host.stop();
  return serving.end();
};

function printWelcome(
  io: CommandIo,
  host: RunningHost,
  { home, defaults }: { home: string; defaults: Record<string, string> },
): void {
  const url = host.httpUrl.replace(/\/$/, "");
  const token = "npx nucleus token --role adapter --tenant t1 --user u1";
  const body = JSON.stringify({
    platformType: "Local",
    conversationId: "c1",
    userId: "u1",
    queryText: "When will the TW-4 be launched?",
    artifactReferences: [
      {
        referenceId: "minutes",
        referenceType: "file",
        sourceUri: "05-steering-committee-minutes.md",
      },
    ],
  });
  io.print(
    `Nucleus is running. State: ${home}
  API          ${url}/api/v1
  health       ${url}/api/v1/health/ready
  Service Bus  ${host.serviceBusConnectionString.split(";")[0] ?? ""}
Settings that were not given (local defaults):
${toSettingLines(defaults)}
A token for an adapter:
  ${token}
An interaction:
  curl -s ${url}/api/v1/interactions -H "Authorization: Bearer $(${token})" -H "Content-Type: application/json" -d '${body}'`,
  );
}

function toSettingLines(settings: Readonly<Record<string, string>>): string {
  const shown = Object.entries(settings).map(([name, value]) => {
    const text = name === "AUTH_JWKS" ? "the local issuer's public key" : value;
    return `  ${name}=${text}`;
  });
  return shown.length === 0 ? "  none" : shown.join("\n");
}
