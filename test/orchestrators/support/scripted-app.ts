import { createSdkApp, df } from "../../local/durable/support/sdk-worker.ts";
import { consultPanelist } from "../../../orchestrators/consult-panelist.ts";
import { consultPersona } from "../../../orchestrators/consult-persona.ts";
import { consultReader } from "../../../orchestrators/consult-reader.ts";
import { processArtifact } from "../../../orchestrators/process-artifact.ts";
import { readLane } from "../../../orchestrators/read-lane.ts";
import { runStages } from "../../../orchestrators/run-stages.ts";
import { runWorkflow } from "../../../orchestrators/run-workflow.ts";
import type { z } from "zod";
import {
  type Contract,
  toActivityHandler,
} from "../../../shared/durable/contract.ts";
import { type ErrorCode, NucleusError } from "../../../shared/kernel/errors.ts";
import { Tag, toIsoTime } from "../../../shared/kernel/metadata.ts";
import type { PartCounts } from "../../../shared/personas/part-counts.ts";
import * as contracts from "../../../shared/workflow/contracts.ts";
import { childInstanceIds } from "../../../shared/workflow/instance-ids.ts";
import { toInteractionPlan } from "../../../shared/workflow/plan.ts";
import {
  openTestHub,
  startTime,
  type TestHub,
} from "../../local/durable/support/test-hub.ts";

/** One call of an activity: which, for which item, and the how many-th for it. */
export interface ActivityCall {
  readonly activity: string;
  readonly item: number;
  readonly attempt: number;
}

/** What a job is, and how its activities fail: a code, or an error of a library, thrown as it is. */
export interface Script {
  readonly artifacts?: number;
  readonly personas?: number;
  /** Of the workflow `interaction`; the current one where absent. */
  readonly version?: "1.0.0" | "1.1.0" | "1.2.0";
  readonly maxRounds?: number;
  /** What documents come to that one call does not hold; from version 1.2.0 on. */
  readonly parts?: PartCounts;
  /** How sure a persona is in a round, and with whom it agrees. */
  readonly opine?: (asked: {
    readonly item: number;
    readonly round: number;
  }) => {
    readonly confidence?: number;
    readonly notFound?: boolean;
    readonly agreesWith?: number[];
  };
  readonly hasQuery?: boolean;
  readonly deadlineMs?: number;
  readonly fail?: (call: ActivityCall) => ErrorCode | Error | undefined;
}

type OpinionInput = z.output<typeof contracts.formOpinion.input>;
type PartInput = z.output<typeof contracts.readPart.input>;
type OutcomeInput = z.output<typeof contracts.keepOutcome.input>;
type FinishInput = z.output<typeof contracts.finishJob.input>;

/** The orchestrators, on the real engine with virtual time, over activities that only follow a script. */
export interface ScriptedApp {
  readonly hub: TestHub;
  readonly calls: readonly ActivityCall[];
  /** What was kept of the panel, each time. */
  readonly outcomes: readonly OutcomeInput[];
  /** What the personas were asked, in order. */
  readonly asked: readonly OpinionInput[];
  /** Which parts of long documents were read, in order. */
  readonly read: readonly PartInput[];
  /** What the job was ended as, each time. */
  readonly ends: readonly FinishInput[];
  readonly instanceIds: readonly string[];
  readonly worker: ReturnType<typeof createSdkApp>["worker"];
  start(): Promise<void>;
  /** Runs the job to its end, and answers its output. */
  finish(): Promise<unknown>;
}

export const jobId = Tag.parse("01990000-0000-7000-8000-000000000001");
const tenantId = Tag.parse("t1");

export function openScriptedApp(script: Script = {}): ScriptedApp {
  const { artifacts = 0, personas = 1, hasQuery = true } = script;
  const deadlineAt = toIsoTime(startTime + (script.deadlineMs ?? 3_600_000));
  const personaIds = Array.from({ length: personas }, (_, item) =>
    Tag.parse(`persona-${item}`),
  );
  const calls: ActivityCall[] = [];
  const ends: FinishInput[] = [];
  const outcomes: OutcomeInput[] = [];
  const asked: OpinionInput[] = [];
  const read: PartInput[] = [];
  const { version = "1.1.0", maxRounds, opine } = script;

  function register<I extends z.ZodType, O extends z.ZodType>(
    contract: Contract<I, O>,
    toItem: (input: z.output<I>) => number,
    toOutput: (input: z.output<I>) => z.output<O>,
  ): void {
    const work = async (input: z.output<I>): Promise<z.output<O>> => {
      const item = toItem(input);
      const earlier = calls.filter(
        (call) => call.activity === contract.name && call.item === item,
      );
      const attempt = earlier.length + 1;
      const call = { activity: contract.name, item, attempt };
      calls.push(call);
      const failure = script.fail?.(call);
      if (typeof failure === "string") throw new NucleusError(failure);
      if (failure) throw failure;
      return toOutput(input);
    };
    df.app.activity(contract.name, {
      handler: toActivityHandler(contract, work),
    });
  }

  const toOutcome = (
    input: OpinionInput,
  ): z.output<typeof contracts.formOpinion.output> => {
    asked.push(input);
    const { personaId, item, round, readable } = input;
    return {
      item,
      personaId,
      model: Tag.parse("fake"),
      round,
      quotes: readable.length,
      droppedQuotes: 0,
      keyPoints: 1,
      notFound: false,
      ...opine?.({ item, round }),
      inputTokens: 2,
      outputTokens: 3,
    };
  };

  const app = createSdkApp(() => {
    register(
      contracts.loadPlan,
      () => 0,
      () =>
        toInteractionPlan({
          workflowVersion: version,
          artifactCount: artifacts,
          personaIds,
          ...(maxRounds !== undefined && { maxRounds }),
          hasQuery,
          deadlineAt,
        }),
    );
    register(
      contracts.retrieveArtifact,
      ({ index }) => index,
      () => ({ sizeBytes: 9 }),
    );
    register(
      contracts.extractContent,
      ({ index }) => index,
      () => ({ words: 3 }),
    );
    register(
      contracts.invokePersona,
      ({ item }) => item,
      ({ personaId, readable }) => ({
        personaId,
        model: Tag.parse("fake"),
        quotes: readable.length,
        keyPoints: 1,
        notFound: false,
        inputTokens: 2,
        outputTokens: 3,
      }),
    );
    register(contracts.formOpinion, ({ item }) => item, toOutcome);
    register(
      contracts.openOpinion,
      ({ item }) => item,
      (input) =>
        script.parts && input.round === 1
          ? { parts: script.parts }
          : { opinion: toOutcome(input) },
    );
    register(
      contracts.readPart,
      ({ level, part }) => level * 1_000 + part,
      (input) => {
        read.push(input);
        const { fanIn = 1 } = script.parts ?? {};
        return {
          partsRead: input.level === 1 ? 1 : fanIn,
          usage: { inputTokens: 100, outputTokens: 10 },
        };
      },
    );
    register(contracts.concludeOpinion, ({ item }) => item, toOutcome);
    register(
      contracts.keepOutcome,
      () => 0,
      (input) => {
        outcomes.push(input);
        return { documents: input.opinions.length };
      },
    );
    register(
      contracts.storeMetadata,
      () => 0,
      ({ readable }) => ({ documents: readable.length }),
    );
    register(
      contracts.finishJob,
      () => 0,
      (input) => {
        ends.push(input);
        return { status: input.status };
      },
    );
    df.app.orchestration(contracts.runWorkflow.name, runWorkflow);
    df.app.orchestration(contracts.runStages.name, runStages);
    df.app.orchestration(contracts.processArtifact.name, processArtifact);
    df.app.orchestration(contracts.consultPersona.name, consultPersona);
    df.app.orchestration(contracts.consultPanelist.name, consultPanelist);
    df.app.orchestration(contracts.consultReader.name, consultReader);
    df.app.orchestration(contracts.readLane.name, readLane);
  });
  const hub = openTestHub(app);
  return {
    hub,
    calls,
    ends,
    outcomes,
    asked,
    read,
    worker: app.worker,
    instanceIds: [
      jobId,
      ...childInstanceIds({
        jobId,
        artifactCount: artifacts,
        personaCount: personas,
        maxRounds,
        readsInParts: script.parts !== undefined,
      }),
    ],
    async start() {
      await hub.start(
        contracts.runWorkflow.name,
        { tenantId, jobId, deadlineAt },
        jobId,
      );
    },
    async finish() {
      const { status, output } = await hub.finish(jobId);
      if (status !== "Completed") throw new Error(`the instance is ${status}`);
      return output;
    },
  };
}
