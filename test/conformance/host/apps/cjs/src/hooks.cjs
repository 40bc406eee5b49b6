const { app } = require("@azure/functions");

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
