import type {
  InvocationRequest,
  InvocationResult,
} from "../worker-messages.ts";
import type {
  CoreInvocationContext,
  CoreRuntime,
  FunctionCallback,
  InvocationModel,
  ProgrammingModel,
} from "./core-api.ts";
import { findRepeatedTask } from "./find-repeated-task.ts";
import { followActivity, isQuick } from "./follow-activity.ts";
import {
  createInvocationLog,
  type InvocationLogDeps,
} from "./invocation-log.ts";
import type { OrchestratorSessions } from "./orchestrator-sessions.ts";
import type { PaceResponse } from "./pace-response.ts";
import { toInvocationError } from "./to-invocation-error.ts";

export interface InvokeFunctionDeps extends InvocationLogDeps {
  readonly core: CoreRuntime;
  readonly model: ProgrammingModel;
  /** Where the app streams: what a function returned, made to go at the connection's pace. */
  readonly paceResponse?: PaceResponse;
  /** Where orchestrator functions are kept from turn to turn; without it, each turn replays. */
  readonly sessions?: OrchestratorSessions;
  /** The host's time, in milliseconds since the epoch; without it, no turn runs behind its activity. */
  readonly now?: () => number;
}

/** Runs one invocation with its hooks; whatever is thrown becomes a `failed` result. */
export async function invokeFunction(
  deps: InvokeFunctionDeps,
  request: InvocationRequest,
): Promise<InvocationResult> {
  const { sessions, now } = deps;
  const replay = (turn: InvocationRequest) => runFunction(deps, turn);
  if (request.session?.resume !== undefined)
    return (
      sessions?.resume(request, replay) ?? {
        kind: "completed",
        unresumed: "gone",
      }
    );
  const { follow } = request;
  if (follow === undefined || sessions === undefined || now === undefined)
    return runFunction(deps, request);
  const startedAt = performance.now();
  const result = await runFunction(deps, request);
  // What it gives to other bindings may still fail, and the activity with it.
  const isDone = result.kind === "completed" && result.outputData === undefined;
  if (!isDone || !isQuick(startedAt)) return result;
  const turn = await followActivity({ sessions, now, replay }, follow, result);
  return turn === undefined ? result : { ...result, turn };
}

async function runFunction(
  deps: InvokeFunctionDeps,
  request: InvocationRequest,
): Promise<InvocationResult> {
  let endsOtherwise = (): boolean => false;
  try {
    const registered = deps.core.functions.get(request.functionName);
    if (registered === undefined)
      throw new Error(`Function "${request.functionName}" is not registered.`);
    const log = createInvocationLog(deps, request);
    const coreContext: CoreInvocationContext = {
      invocationId: request.invocationId,
      request,
      metadata: registered.metadata,
      state: undefined,
      log: log.write,
    };
    const invocation = deps.model.getInvocationModel(coreContext);
    const { context, inputs } = await invocation.getArguments();
    log.setContext(context);
    const sessions = findSessions(deps, request);
    const seen = sessions?.prepare(request, inputs[0]) ?? 0;
    endsOtherwise = () => sessions?.endsOtherwise(request, context) === true;
    const result = await runWithHooks(deps.core, coreContext, invocation, {
      context,
      inputs,
      callback: registered.callback,
    });
    const isOtherwise = endsOtherwise();
    const kept = { context, coreContext, log, seen };
    const divergence = sessions?.keep(request, kept);
    if (isOtherwise && divergence === undefined)
      return await runFunction(deps, unchecked(request));
    const paced = deps.paceResponse?.(request.invocationId, result) ?? result;
    const response = await invocation.getResponse(context, paced);
    const { returnValue = null, outputData = [] } = response;
    const repeatedTask = findRepeatedTask(result);
    return {
      kind: "completed",
      returnValue,
      ...(outputData.length > 0 && { outputData }),
      ...(isNothing(result) && { isEmpty: true }),
      ...(repeatedTask !== undefined && { repeatedTask }),
      ...(divergence !== undefined && { divergence }),
    };
  } catch (error) {
    if (endsOtherwise()) return runFunction(deps, unchecked(request));
    return { kind: "failed", error: toInvocationError(error) };
  }
}

/** The same replay, of which the last turn is none. */
function unchecked({
  session,
  ...request
}: InvocationRequest): InvocationRequest {
  if (session === undefined) return request;
  const { checks: _, ...unchecking } = session;
  return { ...request, session: unchecking };
}

/** An app whose hooks watch its invocations is shown each turn as Azure shows it: as a replay. */
function findSessions(
  { core, sessions }: InvokeFunctionDeps,
  request: InvocationRequest,
): OrchestratorSessions | undefined {
  return request.session === undefined || core.hooks.hasInvocationHooks()
    ? undefined
    : sessions;
}

function isNothing(result: unknown): boolean {
  return result === undefined || result === null;
}

interface Arguments {
  readonly context: unknown;
  readonly inputs: unknown[];
  readonly callback: FunctionCallback;
}

async function runWithHooks(
  core: CoreRuntime,
  coreContext: CoreInvocationContext,
  invocation: InvocationModel,
  { context, inputs, callback }: Arguments,
): Promise<unknown> {
  const shared = {
    hookData: {},
    appHookData: core.hooks.appData,
    invocationContext: context,
  };
  const before = { ...shared, inputs, functionCallback: callback };
  coreContext.state = "preInvocationHooks";
  await core.hooks.run("preInvocation", before);

  const after: { inputs: unknown[]; result: unknown; error: unknown } = {
    ...shared,
    inputs: before.inputs,
    result: null,
    error: null,
  };
  coreContext.state = "invocation";
  try {
    after.result = await invocation.invokeFunction(
      context,
      before.inputs,
      before.functionCallback,
    );
  } catch (error) {
    // Anything thrown is a failure, `throw undefined` included.
    after.error = error ?? new Error("Unknown error");
  }
  coreContext.state = "postInvocationHooks";
  await core.hooks.run("postInvocation", after);
  coreContext.state = undefined;
  // A hook may have taken the error away, or set one; what was thrown is passed on as it is.
  // oxlint-disable-next-line typescript/only-throw-error
  if (after.error !== null && after.error !== undefined) throw after.error;
  return after.result;
}
