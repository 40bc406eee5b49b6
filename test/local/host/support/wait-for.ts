import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** Asks a management link until the instance has that status. */
export async function waitForStatus(
  statusUrl: string,
  runtimeStatus: string,
): Promise<Record<string, unknown>> {
  return waitFor(async () => {
    const answer = await fetch(statusUrl);
    const status = (await answer.json()) as Record<string, unknown>;
    return status["runtimeStatus"] === runtimeStatus ? status : undefined;
  });
}

/** Waits for a file that another process writes. */
export async function waitForFile(file: string): Promise<void> {
  await waitFor(() => Promise.resolve(existsSync(file) || undefined));
}

/** Asks until there is an answer: for what happens in another process, which sends no event here. */
export async function waitFor<T>(
  ask: () => Promise<T | undefined>,
): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await delay(20);
  }
}
