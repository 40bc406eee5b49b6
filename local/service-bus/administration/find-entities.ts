import type { Broker } from "../broker.ts";
import type { MessageQueue } from "../message-queue.ts";
import type { MessageTopic, Subscription } from "../message-topic.ts";
import type { StoredRule } from "../rule-store.ts";
import type { EntityEntry } from "./to-atom.ts";
import { toQueueDescription } from "./to-queue-description.ts";
import { toRuleDescription } from "./to-rule-description.ts";
import { toSubscriptionDescription } from "./to-subscription-description.ts";
import { toTopicDescription } from "./to-topic-description.ts";

/** What lies at a path: one entity, or a list of them. */
export type FoundEntities =
  | { readonly kind: "entry"; readonly entity: EntityEntry }
  | {
      readonly kind: "list";
      readonly title: string;
      readonly entities: readonly EntityEntry[];
    };

const SUBSCRIPTION_PATH =
  /^(?<topic>.+?)\/subscriptions(?:\/(?<subscription>[^/]+)(?<rules>\/rules(?:\/(?<rule>[^/]+))?)?)?$/iu;

/** Finds what a path of the administration protocol names, in any case; undefined when there is nothing. */
export function findEntities(
  broker: Broker,
  path: string,
  url: URL,
): FoundEntities | undefined {
  const queues = [...broker.queues.values()].map((q) => ofQueue(q, url));
  const topics = [...broker.topics.values()];
  if (isSame(path, "$resources/queues")) return toList("Queues", queues);
  if (isSame(path, "$resources/topics")) {
    return toList("Topics", topics.map(ofTopic));
  }
  const named = byName([...queues, ...topics.map(ofTopic)], path);
  if (named !== undefined) return { kind: "entry", entity: named };
  const groups = SUBSCRIPTION_PATH.exec(path)?.groups;
  const topic = byName(topics, groups?.["topic"]);
  return topic && findBelow(topic, groups ?? {}, url);
}

function findBelow(
  topic: MessageTopic,
  names: Readonly<Record<string, string | undefined>>,
  url: URL,
): FoundEntities | undefined {
  const { subscription: wanted, rules, rule } = names;
  if (wanted === undefined) {
    const all = topic.subscriptions.map((s) => ofSubscription(topic, s, url));
    return toList("Subscriptions", all);
  }
  const subscription = byName(topic.subscriptions, wanted);
  if (subscription === undefined) return undefined;
  if (rules === undefined) {
    const entity = ofSubscription(topic, subscription, url);
    return { kind: "entry", entity };
  }
  const entries = subscription.rules
    .all()
    .map((stored) => ofRule(subscription, stored));
  if (rule === undefined) return toList("Rules", entries);
  const entity = byName(entries, rule);
  return entity && { kind: "entry", entity };
}

const toList = (
  title: string,
  entities: readonly EntityEntry[],
): FoundEntities => ({ kind: "list", title, entities });

function ofQueue(queue: MessageQueue, url: URL): EntityEntry {
  return {
    path: queue.name,
    name: queue.name,
    createdAt: queue.createdAt,
    updatedAt: queue.openedAt,
    kind: "QueueDescription",
    describe: () => toQueueDescription(queue, url),
  };
}

function ofTopic(topic: MessageTopic): EntityEntry {
  return {
    path: topic.name,
    name: topic.name,
    createdAt: topic.createdAt,
    updatedAt: topic.openedAt,
    kind: "TopicDescription",
    describe: () => toTopicDescription(topic),
  };
}

function ofSubscription(
  topic: MessageTopic,
  subscription: Subscription,
  url: URL,
): EntityEntry {
  const { queue, name } = subscription;
  return {
    path: `${topic.name}/Subscriptions/${name}`,
    name,
    createdAt: queue.createdAt,
    updatedAt: queue.openedAt,
    kind: "SubscriptionDescription",
    describe: () => toSubscriptionDescription(subscription, url),
  };
}

function ofRule({ queue }: Subscription, rule: StoredRule): EntityEntry {
  return {
    path: `${queue.name}/Rules/${encodeURIComponent(rule.name)}`,
    name: rule.name,
    createdAt: rule.createdAt,
    updatedAt: rule.createdAt,
    kind: "RuleDescription",
    describe: () => toRuleDescription(rule),
  };
}

function byName<T extends { readonly name: string }>(
  entities: readonly T[],
  name: string | undefined,
): T | undefined {
  if (name === undefined) return undefined;
  return entities.find((entity) => isSame(entity.name, name));
}

/** Names of entities are the same in any case. */
function isSame(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}
