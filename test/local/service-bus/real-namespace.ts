import { setTimeout as sleep } from "node:timers/promises";
import {
  type CreateQueueOptions,
  type CreateSubscriptionOptions,
  ServiceBusAdministrationClient,
  ServiceBusClient,
} from "@azure/service-bus";
import { toXmlDuration } from "../../../local/service-bus/administration/to-xml-duration.ts";
import type {
  QueueDefinition,
  SubscriptionDefinition,
  TopicDefinition,
} from "../../../local/service-bus/queue-definition.ts";
import {
  contractQueues,
  contractTopics,
  type NamespaceUnderTest,
} from "./contract-bench.ts";

const queues: readonly QueueDefinition[] = Object.values(contractQueues);
const topics: readonly TopicDefinition[] = Object.values(contractTopics);

/**
 * Makes the contract's queues and topics in a namespace of Azure, and deletes them in the end. An entity that is there
 * already fails it, and is left alone.
 */
export async function openRealNamespace(
  connectionString: string,
): Promise<NamespaceUnderTest> {
  const owner = new ServiceBusAdministrationClient(connectionString);
  await Promise.all([
    ...queues.map((queue) => owner.createQueue(queue.name, toOptions(queue))),
    ...topics.map(async ({ name, subscriptions }) => {
      await owner.createTopic(name);
      for (const subscription of subscriptions) {
        await createSubscription(owner, name, subscription);
      }
    }),
  ]);
  // Where a message goes on to must be there before, and some of it goes in a circle.
  await Promise.all([
    ...queues.filter(isForwarding).map(async (queue) => {
      const made = await owner.getQueue(queue.name);
      await owner.updateQueue({ ...made, ...toForwarding(queue) });
    }),
    ...topics.flatMap(({ name, subscriptions }) =>
      subscriptions.filter(isForwarding).map(async (subscription) => {
        const made = await owner.getSubscription(name, subscription.name);
        await owner.updateSubscription({
          ...made,
          ...toForwarding(subscription),
        });
      }),
    ),
  ]);
  return {
    connect: (options) => new ServiceBusClient(connectionString, options),
    elapse: (ms) => sleep(ms),
    async close() {
      await Promise.all([
        ...queues.map(({ name }) => owner.deleteQueue(name)),
        ...topics.map(({ name }) => owner.deleteTopic(name)),
      ]);
    },
  };
}

async function createSubscription(
  owner: ServiceBusAdministrationClient,
  topic: string,
  subscription: SubscriptionDefinition,
): Promise<void> {
  const { name, rules, deadLetteringOnFilterEvaluationExceptions } =
    subscription;
  const [first, ...others] = rules ?? [];
  await owner.createSubscription(topic, name, {
    ...toReceivingOptions(subscription),
    ...(deadLetteringOnFilterEvaluationExceptions !== undefined && {
      deadLetteringOnFilterEvaluationExceptions,
    }),
    ...(first !== undefined && { defaultRuleOptions: first }),
  });
  for (const rule of others) {
    await owner.createRule(topic, name, rule.name, rule.filter);
  }
}

function toOptions(queue: QueueDefinition): CreateQueueOptions {
  const { duplicateDetectionWindowMs } = queue;
  return {
    ...toReceivingOptions(queue),
    ...(duplicateDetectionWindowMs !== undefined && {
      requiresDuplicateDetection: true,
      duplicateDetectionHistoryTimeWindow: toXmlDuration(
        duplicateDetectionWindowMs,
      ),
    }),
  };
}

/** What queues and subscriptions have in common. */
function toReceivingOptions(
  definition: QueueDefinition | SubscriptionDefinition,
): CreateQueueOptions & CreateSubscriptionOptions {
  const { lockDurationMs, maxDeliveryCount, defaultMessageTtlMs } = definition;
  return {
    requiresSession: definition.requiresSession ?? false,
    deadLetteringOnMessageExpiration:
      definition.deadLetteringOnMessageExpiration ?? false,
    ...(lockDurationMs !== undefined && {
      lockDuration: toXmlDuration(lockDurationMs),
    }),
    ...(maxDeliveryCount !== undefined && { maxDeliveryCount }),
    ...(defaultMessageTtlMs !== undefined && {
      defaultMessageTimeToLive: toXmlDuration(defaultMessageTtlMs),
    }),
  };
}

type Forwarding = Pick<
  QueueDefinition,
  "forwardTo" | "forwardDeadLetteredMessagesTo"
>;

function isForwarding(definition: Forwarding): boolean {
  return Object.keys(toForwarding(definition)).length > 0;
}

function toForwarding(definition: Forwarding): Forwarding {
  const { forwardTo, forwardDeadLetteredMessagesTo } = definition;
  return {
    ...(forwardTo !== undefined && { forwardTo }),
    ...(forwardDeadLetteredMessagesTo !== undefined && {
      forwardDeadLetteredMessagesTo,
    }),
  };
}
