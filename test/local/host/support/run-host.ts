/** A host in a process of its own: `run-host.ts <scriptRoot> <home>`; SIGTERM stops it, and nothing then keeps the process. Its log goes to stdout, "ready" ends the start. */
import { startHost } from "../../../../local/host/start-host.ts";

const [, , scriptRoot = "", home = ""] = process.argv;
const host = await startHost({
  scriptRoot,
  home,
  port: 0,
  amqpPort: 0,
  settings: {},
  queues: [],
  log: (line) => process.stdout.write(`${JSON.stringify(line)}\n`),
});
process.on("SIGTERM", () => void host.stop());
process.stdout.write("ready\n");
