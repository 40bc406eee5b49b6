const { app } = require("@azure/functions");

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
