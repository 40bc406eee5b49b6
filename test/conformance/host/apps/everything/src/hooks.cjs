const { app } = require("@azure/functions");

app.hook.log((context) => {
  if (context.invocationContext?.functionName === "atStart")
    context.message += " (seen by the hook)";
});
