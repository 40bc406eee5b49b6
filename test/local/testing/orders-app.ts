import { defineTestApp, type TestApp } from "../../../local/testing/index.ts";
import * as df from "durable-functions";
import { app } from "@azure/functions";

/** What the app's effects have left outside. */
export interface Effects {
  readonly reserved: string[];
  readonly reminded: string[];
  readonly shipped: string[];
}

/** Reserves goods, waits for the payment with a reminder each day, ships after it; the example of docs/testing.md. */
export function defineOrdersApp(effects: Effects): TestApp {
  return defineTestApp(() => {
    df.app.activity("reserve", {
      handler: (order: string) => {
        effects.reserved.push(order);
        return `r-${order}`;
      },
    });
    df.app.activity("remind", {
      handler: (order: string) => void effects.reminded.push(order),
    });
    df.app.orchestration("order", function* (context) {
      const order = context.df.getInput<string>() ?? "";
      const reservation = (yield context.df.callActivity(
        "reserve",
        order,
      )) as string;
      for (let day = 1; day <= 90; day += 1) {
        const nextDay = context.df.createTimer(
          new Date(context.df.currentUtcDateTime.getTime() + 86_400_000),
        );
        const paid = context.df.waitForExternalEvent("paid");
        const first = yield context.df.Task.any([paid, nextDay]);
        if (first === paid) {
          nextDay.cancel();
          return { reservation, paid: paid.result, day };
        }
        if (day % 30 === 0) yield context.df.callActivity("remind", order);
      }
      return { reservation, paid: null };
    });
    app.http("place-order", {
      methods: ["POST"],
      route: "orders/{id}",
      extraInputs: [df.input.durableClient()],
      handler: async (request, context) => {
        const client = df.getClient(context);
        const instanceId = await client.startNew("order", {
          instanceId: request.params["id"] ?? "",
          input: request.params["id"],
        });
        return client.createCheckStatusResponse(request, instanceId);
      },
    });
    app.serviceBusQueue("ship", {
      connection: "AzureWebJobsServiceBus",
      queueName: "shipments",
      handler: (message) => void effects.shipped.push(String(message)),
    });
  });
}

export const noEffects = (): Effects => ({
  reserved: [],
  reminded: [],
  shipped: [],
});
