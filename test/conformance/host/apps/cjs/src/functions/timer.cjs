const { app } = require("@azure/functions");

app.timer("yearly", {
  schedule: "%SCHEDULE%",
  handler: (timer, context) =>
    context.log(`the year turns, past due: ${timer.isPastDue}`),
});
