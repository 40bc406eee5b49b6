import { subscriptionPath } from "../service-bus/queue-definition.ts";
import { readText } from "../host/read-text.ts";
import { resolveSetting, type Settings } from "../host/resolve-setting.ts";
import type { LoadedApp } from "../host/worker-messages.ts";

/** The queues and subscriptions of the local endpoint whose messages trigger functions. */
export function readTriggeredPaths(
  { functions }: LoadedApp,
  settings: Settings,
): string[] {
  const triggers = functions.flatMap(({ bindings }) =>
    Object.values(bindings).filter(({ type }) => type === "serviceBusTrigger"),
  );
  return triggers.map((trigger) => {
    const read = (name: string): string =>
      resolveSetting(readText(trigger, name) ?? "", settings, name);
    return trigger["topicName"] === undefined
      ? read("queueName")
      : subscriptionPath(read("topicName"), read("subscriptionName"));
  });
}
