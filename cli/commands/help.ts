import type { Command } from "../command.ts";
import { UsageError } from "../failures.ts";
import { roles } from "../../shared/auth/principal.ts";

const text = `Nucleus: orchestration for AI content work that leaves no content behind.

  nucleus start [--port N]
      Keeps the app running on 127.0.0.1 (default port 7071, or PORT).

  nucleus host start [--script-root DIR] [--port N] [--verbose]
                     [--functions NAME NAME …] [--service-bus-config FILE]
                     [--cors ORIGIN,ORIGIN] [--cors-credentials]
                     [--language-worker "--inspect=9229"]
      Runs any Node function app folder (default: the current one) as Azure
      Functions Core Tools would; its state lies in DIR/.nucleus. FILE is a
      Service Bus emulator configuration that names the local queues.

  nucleus hub stats [--script-root DIR] [--largest N] [--json]
      Says what the task hub's file holds: instances by status, sizes, lengths
      of histories; the host may run. --largest names the longest histories.
  nucleus hub check [--script-root DIR]
      Reads the whole file and says whether it is damaged; the host may run.
  nucleus hub compact [--script-root DIR]
      Writes the file of a stopped host anew, so that free space is given back.

  nucleus demo [--dir DIR] [--query TEXT] [--json]
      Asks a question about the documents in DIR, shows each step, verifies the
      callback, prints the answer with its quotes, and searches for leaks.

  nucleus doctor [--ask-model] [--json]
      Says which adapter each port of the app has by its settings, whether it
      answers, and how to mend it. --ask-model also lets the model answer.

  nucleus rotate-keys
      Makes a new key-encryption key where the settings say that it lies, and
      wraps every live key under it. The app may run meanwhile.

  nucleus persona validate FILE [--json]
      Checks a persona's file: each problem with its line and path, and what was
      probably meant. Exit code 1: it has problems.

  nucleus token --role ROLE[,ROLE] --tenant T --user U [--app A] [--ttl SECONDS]
      Prints an access token for the local app. An application (default: the
      user's own) sees only the jobs that it submitted; --ttl is 3600 by default.
      Roles: ${roles.slice(0, 5).join(", ")},
      ${roles.slice(5).join(", ")}.

  nucleus help
      Prints this.

State lies in .nucleus/ in the current folder, or in NUCLEUS_HOME. The embedded
Service Bus listens on port 5673, or NUCLEUS_AMQP_PORT.`;

/** `nucleus help` */
export const runHelp: Command = (args, io) => {
  if (args.length > 0) throw new UsageError("help takes no arguments");
  io.print(text);
  return Promise.resolve(0);
};
