const { app } = require("@azure/functions");
const df = require("durable-functions");

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
