import { fileURLToPath } from "node:url";
import { app, type HttpHandler } from "@azure/functions";
import * as df from "durable-functions";
import type { z } from "zod";
import { createConcludeOpinion } from "../activities/conclude-opinion.ts";
import { createExtractContent } from "../activities/extract-content.ts";
import { createFinishJobActivity } from "../activities/finish-job.ts";
import { createFormOpinion } from "../activities/form-opinion.ts";
import { createInvokePersona } from "../activities/invoke-persona.ts";
import { createKeepOutcome } from "../activities/keep-outcome.ts";
import { createLoadPlan } from "../activities/load-plan.ts";
import { createOpenOpinion } from "../activities/open-opinion.ts";
import { createReadPart } from "../activities/read-part.ts";
import { createRetrieveArtifact } from "../activities/retrieve-artifact.ts";
import { createStoreMetadata } from "../activities/store-metadata.ts";
import { consultPanelist } from "../orchestrators/consult-panelist.ts";
import { consultPersona } from "../orchestrators/consult-persona.ts";
import { consultReader } from "../orchestrators/consult-reader.ts";
import { processArtifact } from "../orchestrators/process-artifact.ts";
import { readLane } from "../orchestrators/read-lane.ts";
import { runStages } from "../orchestrators/run-stages.ts";
import { runWorkflow } from "../orchestrators/run-workflow.ts";
import { createDurableJobRunner } from "../shared/durable/adapters/durable-client.ts";
import {
  type Contract,
  toActivityHandler,
} from "../shared/durable/contract.ts";
import { loadConfig } from "../shared/kernel/config.ts";
import { webhookDeliveriesQueue } from "../shared/messages/queues.ts";
import * as contracts from "../shared/workflow/contracts.ts";
import { toHttpHandler } from "./http/route.ts";
import { createRoutes } from "./http/routes.ts";
import { createDeliverWebhook } from "./service-bus/deliver-webhook.ts";
import { createRewrapKeys } from "./timer/rewrap-keys.ts";
import { createCleanVault } from "./timer/clean-vault.ts";
import { createSweepJobs } from "./timer/sweep-jobs.ts";
import { createServices } from "./services.ts";

/** The composition root: builds the services from the settings and registers every trigger. */
const services = await createServices(loadConfig(), {
  root: fileURLToPath(new URL("../..", import.meta.url)),
  extractionChild: new URL("../extraction/main.js", import.meta.url),
});
const durableClient = df.input.durableClient();

function registerActivity<I extends z.ZodType, O extends z.ZodType>(
  contract: Contract<I, O>,
  work: (input: z.output<I>) => Promise<z.output<O>>,
): void {
  df.app.activity(contract.name, {
    handler: toActivityHandler(contract, work),
  });
}

registerActivity(contracts.loadPlan, createLoadPlan(services));
registerActivity(contracts.retrieveArtifact, createRetrieveArtifact(services));
registerActivity(contracts.extractContent, createExtractContent(services));
registerActivity(contracts.invokePersona, createInvokePersona(services));
registerActivity(contracts.formOpinion, createFormOpinion(services));
registerActivity(contracts.openOpinion, createOpenOpinion(services));
registerActivity(contracts.readPart, createReadPart(services));
registerActivity(contracts.concludeOpinion, createConcludeOpinion(services));
registerActivity(contracts.keepOutcome, createKeepOutcome(services));
registerActivity(contracts.storeMetadata, createStoreMetadata(services));
registerActivity(contracts.finishJob, createFinishJobActivity(services));

df.app.orchestration(contracts.runWorkflow.name, runWorkflow);
df.app.orchestration(contracts.runStages.name, runStages);
df.app.orchestration(contracts.processArtifact.name, processArtifact);
df.app.orchestration(contracts.consultPersona.name, consultPersona);
df.app.orchestration(contracts.consultPanelist.name, consultPanelist);
df.app.orchestration(contracts.consultReader.name, consultReader);
df.app.orchestration(contracts.readLane.name, readLane);

const runnerOf = ({ context }: { context: Parameters<HttpHandler>[1] }) =>
  createDurableJobRunner(df.getClient(context));

for (const route of createRoutes({ ...services, runnerOf })) {
  app.http(route.name, {
    methods: [route.method],
    route: route.path,
    authLevel: "anonymous",
    handler: toHttpHandler(route, services),
    ...(route.usesRunner && { extraInputs: [durableClient] }),
  });
}

app.serviceBusQueue("deliver-webhook", {
  connection: "ServiceBusConnection",
  queueName: webhookDeliveriesQueue,
  handler: createDeliverWebhook(services),
});

app.timer("sweep", {
  schedule: "*/30 * * * * *",
  extraInputs: [durableClient],
  handler: createSweepJobs({ ...services, runnerOf }),
});

app.timer("clean-vault", {
  schedule: "0 17 * * * *",
  handler: createCleanVault(services),
});

app.timer("rewrap-keys", {
  schedule: "0 41 3 * * *",
  handler: createRewrapKeys(services),
});

app.hook.appTerminate(() => services.close());
