import { importTestApp, loadTestApp, type TestApp } from "./test-app.ts";
import type { TestHostOptions } from "./test-host.ts";

/**
 * What loads the app into this process; undefined where worker processes do it.
 *
 * @throws TypeError where the options do not name one app.
 */
export function toLoad({
  app,
  register,
  scriptRoot,
  workerProcesses,
}: TestHostOptions): (() => Promise<TestApp>) | undefined {
  const given = [app, register, scriptRoot].filter(
    (source) => source !== undefined,
  );
  if (given.length !== 1)
    throw new TypeError(
      'One of "app", "register" and "scriptRoot" says where the app is, and only one.',
    );
  if (workerProcesses !== undefined && scriptRoot === undefined)
    throw new TypeError(
      '"workerProcesses" needs a "scriptRoot": a worker process loads its app from a folder.',
    );
  if (app !== undefined) return () => Promise.resolve(app);
  if (register !== undefined) {
    let imported: Promise<TestApp> | undefined;
    return () => (imported ??= importTestApp(register));
  }
  if (scriptRoot === undefined || workerProcesses !== undefined)
    return undefined;
  return () => loadTestApp(scriptRoot);
}
