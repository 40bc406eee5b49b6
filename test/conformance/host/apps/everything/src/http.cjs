const { app } = require("@azure/functions");

app.http("mirror", {
  methods: ["POST"],
  handler: async (request) => ({
    headers: [
      ["x-each", "one"],
      ["x-each", "two"],
    ],
    cookies: [
      { name: "a", value: "1", httpOnly: true },
      { name: "b", value: "2", path: "/v2", maxAge: 60 },
    ],
    jsonBody: {
      cookie: request.headers.get("cookie"),
      each: request.headers.get("x-each"),
      tags: request.query.get("tag"),
      body: await request.text(),
    },
  }),
});

const answerWithParams = (name) => (request) => ({
  jsonBody: { by: name, ...request.params },
});
for (const [name, route] of [
  ["literal", "items/7"],
  ["number", "items/{id:int:range(1,99)}"],
  ["word", "items/{slug:regex(^[a-z]+$)}"],
  ["tail", "items/{*rest}"],
])
  app.http(name, { route, handler: answerWithParams(name) });

app.http("keyed", { authLevel: "function", handler: () => ({ body: "in" }) });
app.http("owned", { authLevel: "admin", handler: () => ({ body: "in" }) });
app.http("steady", {
  handler: async (request, context) => {
    context.log("steady has begun");
    await new Promise((resolve) => setTimeout(resolve, 500));
    return { body: "finished" };
  },
});
app.http("slow", { handler: () => new Promise(() => {}) });
