const { app, output } = require("@azure/functions");

const connection = "Bus";
const orders = output.serviceBusQueue({ connection, queueName: "%ORDERS%" });
const events = output.serviceBusTopic({ connection, topicName: "events" });
const kept = output.serviceBusQueue({ connection, queueName: "kept" });

app.post("order", {
  extraOutputs: [orders, kept],
  handler: async (request, context) => {
    context.extraOutputs.set(orders, await request.json());
    context.extraOutputs.set(kept, "keep me");
    return { status: 202 };
  },
});
app.serviceBusQueue("take", {
  connection,
  queueName: "%ORDERS%",
  return: events,
  handler: ({ id }, context) => {
    const { deliveryCount } = context.triggerMetadata;
    context.log(`took ${id}: delivery ${String(deliveryCount)}`);
    return [`${id} taken`, `${id} billed`];
  },
});
app.serviceBusTopic("report", {
  connection,
  topicName: "events",
  subscriptionName: "all",
  cardinality: "many",
  handler: (messages, context) => context.log(`events: ${messages.join(", ")}`),
});
app.serviceBusTopic("inSession", {
  connection,
  topicName: "events",
  subscriptionName: "by-session",
  cardinality: "many",
  isSessionsEnabled: true,
  handler: (messages, context) => {
    const [session] = context.triggerMetadata.sessionIdArray;
    context.log(`session ${session}: ${messages.join(", ")}`);
  },
});
app.serviceBusQueue("keep", {
  connection,
  queueName: "kept",
  autoCompleteMessages: false,
  handler: (message, context) => context.log("kept:", message),
});

// Nothing here can call it: it is disabled, and the app runs all the same.
app.storageBlob("thumbnails", {
  connection: "Storage",
  path: "pictures/{name}",
  handler: () => {},
});
