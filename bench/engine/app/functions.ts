import {
  app,
  type HttpRequest,
  type HttpResponseInit,
  type InvocationContext,
} from "@azure/functions";
import * as df from "durable-functions";
import type { OrchestrationContext } from "durable-functions";
import { runLoad, type Load } from "../run-load.ts";
import { createOutputWait } from "../wait-for-output.ts";
import {
  runStep,
  sumOf,
  type Shape,
  type StepInput,
  type StepResult,
} from "../workflows.ts";

/** The benchmark's function app: the workflows, and the clients of the app's own door. */

interface SequenceInput {
  readonly seed: number;
  readonly steps: number;
}

interface FanOutInput {
  readonly seed: number;
  readonly width: number;
}

df.app.activity("step", { handler: runStep });

const step = (context: OrchestrationContext, input: StepInput) =>
  context.df.callActivity("step", input);

df.app.orchestration("sequence", function* (context) {
  const { seed, steps } = context.df.getInput<SequenceInput>();
  let result: StepResult = { value: seed, text: "" };
  for (let add = 1; add <= steps; add += 1)
    result = yield step(context, { value: result.value, add });
  return result;
});

df.app.orchestration("fanOut", function* (context) {
  const { seed, width } = context.df.getInput<FanOutInput>();
  const first: StepResult = yield step(context, { value: seed, add: 1 });
  const branches: StepResult[] = yield context.df.Task.all(
    Array.from({ length: width }, (_, index) =>
      step(context, { value: first.value, add: index + 1 }),
    ),
  );
  return yield step(context, { value: sumOf(branches), add: 1 });
});

df.app.orchestration("waitForEvent", function* (context) {
  return yield context.df.waitForExternalEvent("go");
});

/** The load in the request's body, put on the engine by the durable client of this app. */
app.http("runLoad", {
  methods: ["POST"],
  authLevel: "anonymous",
  extraInputs: [df.input.durableClient()],
  handler: async (
    request: HttpRequest,
    context: InvocationContext,
  ): Promise<HttpResponseInit> => {
    const load = (await request.json()) as Load;
    const client = df.getClient(context);
    const waitForOutput = createOutputWait();
    const result = await runLoad(load, async (shape, seed) => {
      const instanceId = await client.startNew(nameOf(shape), {
        input: { ...shape, seed },
      });
      return waitForOutput(async () =>
        toOutput(await client.getStatus(instanceId)),
      );
    });
    return { jsonBody: result };
  },
});

/** What most apps have: a function that starts an instance and answers 202. */
app.http("start", {
  methods: ["POST"],
  authLevel: "anonymous",
  extraInputs: [df.input.durableClient()],
  handler: async (request: HttpRequest, context: InvocationContext) => {
    const client = df.getClient(context);
    const instanceId = await client.startNew("sequence", {
      input: await request.json(),
    });
    return client.createCheckStatusResponse(request, instanceId);
  },
});

function nameOf(shape: Shape): string {
  return shape.kind === "sequence" ? "sequence" : "fanOut";
}

function toOutput({
  runtimeStatus,
  output,
}: df.DurableOrchestrationStatus): { readonly output: unknown } | undefined {
  switch (runtimeStatus) {
    case df.OrchestrationRuntimeStatus.Pending:
    case df.OrchestrationRuntimeStatus.Running:
      return undefined;
    case df.OrchestrationRuntimeStatus.Completed:
      return { output };
    default:
      throw new Error(`an instance ended as ${runtimeStatus}`);
  }
}
