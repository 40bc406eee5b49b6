const { app } = require("@azure/functions");

const never = "0 0 0 29 2 *";

app.timer("atStart", {
  schedule: never,
  runOnStartup: true,
  handler: (timer, context) => context.log(`at start: ${timer.isPastDue}`),
});
app.timer("morning", {
  schedule: "%MORNING%",
  handler: (timer, context) =>
    context.log(`next morning: ${timer.scheduleStatus.next}`),
});
app.timer("retried", {
  schedule: never,
  retry: {
    strategy: "fixedDelay",
    maxRetryCount: 2,
    delayInterval: { seconds: 1 },
  },
  handler: (_, context) => {
    const { retryCount, maxRetryCount } = context.retryContext;
    context.log(`try ${retryCount} of ${maxRetryCount}`);
    if (retryCount < maxRetryCount) throw new Error("not yet");
  },
});
