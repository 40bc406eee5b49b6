/* oxlint-disable node/no-process-env -- an app that runs in this process reads its settings here, as in a worker's */

/** App settings in the environment of this process, while a host runs an app in it. */
export interface AppliedSettings {
  add(values: Readonly<Record<string, string>>): void;
  /** Puts everything back as it was. */
  restore(): void;
}

export function applySettings(
  settings: Readonly<Record<string, string>>,
): AppliedSettings {
  const before = new Map<string, string | undefined>();
  const add = (values: Readonly<Record<string, string>>): void => {
    for (const [name, value] of Object.entries(values)) {
      if (process.env[name] === value) continue;
      if (!before.has(name)) before.set(name, process.env[name]);
      process.env[name] = value;
    }
  };
  add(settings);
  return {
    add,
    restore() {
      for (const [name, value] of before) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
      before.clear();
    },
  };
}
