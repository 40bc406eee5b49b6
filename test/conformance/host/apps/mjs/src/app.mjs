import { app } from "@azure/functions";
import * as df from "durable-functions";

let startedIn;
app.hook.appStart((context) => {
  context.hookData.startedIn = "app";
  ({ startedIn } = context.hookData);
});
app.hook.appTerminate((context) => {
  console.log(
    `ended what started in the ${String(context.hookData.startedIn)}`,
  );
});
app.hook.preInvocation((context) => {
  context.hookData.startedIn = startedIn;
  if (context.invocationContext.functionName === "hooked")
    context.functionHandler = () => ({ jsonBody: { by: "hook" } });
});
app.hook.postInvocation((context) => {
  if (context.invocationContext.functionName === "hooked")
    context.result.jsonBody.startedIn = context.hookData.startedIn;
});

app.http("hello", {
  methods: ["GET", "POST"],
  authLevel: "anonymous",
  route: "hello/{name:alpha}",
  handler: async (request) => ({
    jsonBody: {
      hello: request.params.name,
      said: request.method === "POST" ? await request.text() : null,
    },
  }),
});
app.http("hooked", { handler: () => ({ jsonBody: { by: "function" } }) });
app.http("guarded", { authLevel: "function", handler: () => ({ body: "in" }) });
app.http("retired", { handler: () => ({ body: "still there" }) });

app.timer("yearly", {
  schedule: "%SCHEDULE%",
  handler: (timer, context) =>
    context.log(`the year turns, past due: ${timer.isPastDue}`),
});

df.app.activity("greet", { handler: (name) => `Hello ${name}` });
df.app.orchestration("greetAll", function* (context) {
  const names = context.df.getInput();
  return yield context.df.Task.all(
    names.map((name) => context.df.callActivity("greet", name)),
  );
});
app.http("greetings", {
  methods: ["POST"],
  extraInputs: [df.input.durableClient()],
  handler: async (request, context) => {
    const client = df.getClient(context);
    const id = await client.startNew("greetAll", {
      input: await request.json(),
    });
    return client.createCheckStatusResponse(request, id);
  },
});
