import type { Settings } from "./resolve-setting.ts";

const setting = /^languageWorkers(?:__|:)node(?:__|:)arguments$/i;

/**
 * Node's own arguments for the worker, by Azure's app setting `languageWorkers__node__arguments`: `--inspect=9229` is
 * what the Functions extension of VS Code sets there to attach its debugger.
 */
export function readWorkerArguments(settings: Settings): string[] {
  const name = Object.keys(settings).find((each) => setting.test(each));
  const text = name === undefined ? "" : (settings[name] ?? "");
  return text.split(/\s+/).filter((argument) => argument !== "");
}

/** Whether a debugger is to attach, which it can to one worker only. */
export function isDebugged(settings: Settings): boolean {
  return readWorkerArguments(settings).some((argument) =>
    argument.startsWith("--inspect"),
  );
}
