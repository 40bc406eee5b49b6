import { setTimeout as sleep } from "node:timers/promises";
import type { CallbackReceiver } from "./callback-receiver.ts";
import { fileReferences, interactionBody, postInteraction } from "./jobs.ts";
import type { RunningApp } from "./running-app.ts";

/** A webhook as its adapter is shown it once. */
export interface Subscribed {
  readonly webhookId: string;
  readonly secret: string;
}

export interface Delivery {
  readonly deliveryId: string;
  readonly jobId: string;
  readonly eventType: string;
  readonly state: string;
  readonly attempts: readonly {
    readonly attempt: number;
    readonly at: string;
    readonly outcome: string;
    readonly httpStatus?: number;
    readonly code?: string;
    readonly durationMs: number;
  }[];
}

/** An adapter with webhooks at `receiver`; one for each test, so that nobody gets another's events. */
export function createSubscriber(
  app: RunningApp,
  receiver: CallbackReceiver,
  userId: string,
) {
  const caller = { userId };
  const call = (method: string, path: string, body?: unknown) =>
    app.call(method, `/api/v1/webhooks${path}`, { caller, body });
  return {
    call,
    async subscribe(path: string, eventTypes?: readonly string[]) {
      const answer = await call("POST", "", {
        url: `${receiver.origin}${path}`,
        eventTypes,
      });
      if (answer.status !== 201)
        throw new Error(`not subscribed: ${JSON.stringify(answer.body)}`);
      return answer.body as Subscribed;
    },
    post: (fields: Record<string, unknown> = {}) =>
      postInteraction(
        app,
        interactionBody({
          artifactReferences: fileReferences(
            "05-steering-committee-minutes.md",
          ),
          ...fields,
        }),
        {},
        caller,
      ),
    async deliveries(webhookId: string): Promise<readonly Delivery[]> {
      const { body } = await call("GET", `/${webhookId}/deliveries`);
      return (body as { deliveries: Delivery[] }).deliveries;
    },
    /** Polls until the webhook's only delivery is in that state. */
    async untilDelivery(webhookId: string, state: string): Promise<Delivery> {
      for (;;) {
        const [delivery] = await this.deliveries(webhookId);
        if (delivery?.state === state) return delivery;
        await sleep(50);
      }
    },
  };
}
