import type { Command } from "../command.ts";
import { ExpectedFailure } from "../failures.ts";
import { parseArguments } from "../parse-arguments.ts";
import { readAppSettings, runAppProgram } from "../run-app-program.ts";

/** What `functions/rotate-keys.ts` says, in the same words. */
type RotationReport =
  | {
      readonly kekVersion: string;
      readonly rewrapped: number;
      readonly failed: number;
    }
  | { readonly problem: string };

/** `nucleus rotate-keys`: exit code 1 when a key stayed behind. */
export const runRotateKeys: Command = async (args, io) => {
  parseArguments(args, {});
  const report = await runAppProgram<RotationReport>(
    "rotate-keys",
    await readAppSettings(io),
    [],
  );
  if ("problem" in report) throw new ExpectedFailure(report.problem);
  const { kekVersion, rewrapped, failed } = report;
  io.print(
    `The key-encryption key's version is now ${kekVersion}. Keys wrapped anew: ${rewrapped}.`,
  );
  if (failed === 0) return 0;
  io.warn(
    `nucleus: ${failed} keys do not open and stay under earlier versions: leave those versions as they are`,
  );
  return 1;
};
