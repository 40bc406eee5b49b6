import { runStep, sumOf, type Shape, type StepResult } from "../workflows.ts";
import { loadPackage, type Peer } from "./peer.ts";
import { startPostgres } from "./start-postgres.ts";

type Workflow = (seed: number, size: number) => Promise<StepResult>;

/** What is used of `@dbos-inc/dbos-sdk` 5. */
interface Dbos {
  readonly DBOS: {
    setConfig(config: {
      readonly name: string;
      readonly applicationVersion: string;
      readonly systemDatabaseUrl: string;
      readonly systemDatabasePoolSize: number;
      readonly logLevel: string;
    }): void;
    launch(): Promise<void>;
    shutdown(): Promise<void>;
    registerWorkflow(
      workflow: Workflow,
      options: { readonly name: string },
    ): Workflow;
    runStep(
      step: () => Promise<StepResult>,
      options: { readonly name: string },
    ): Promise<StepResult>;
  };
}

/** The clients and the workflows share a process, so an end is told to its client without a question. */
export async function startDbos(folder: string): Promise<Peer> {
  const postgres = await startPostgres(folder);
  const { DBOS } = await loadPackage<Dbos>("@dbos-inc/dbos-sdk");
  DBOS.setConfig({
    name: "nucleus-bench",
    applicationVersion: "1",
    systemDatabaseUrl: postgres.url,
    systemDatabasePoolSize: 50,
    logLevel: "error",
  });
  const step = (value: number, add: number) =>
    DBOS.runStep(() => Promise.resolve(runStep({ value, add })), {
      name: "step",
    });
  const sequence = DBOS.registerWorkflow(
    async (seed, steps) => {
      let result: StepResult = { value: seed, text: "" };
      for (let add = 1; add <= steps; add += 1)
        result = await step(result.value, add);
      return result;
    },
    { name: "sequence" },
  );
  const fanOut = DBOS.registerWorkflow(
    async (seed, width) => {
      const first = await step(seed, 1);
      const branches = await Promise.all(
        Array.from({ length: width }, (_, index) =>
          step(first.value, index + 1),
        ),
      );
      return step(sumOf(branches), 1);
    },
    { name: "fanOut" },
  );
  await DBOS.launch();
  return {
    engines: {
      DBOS: (shape: Shape, seed: number) =>
        shape.kind === "sequence"
          ? sequence(seed, shape.steps)
          : fanOut(seed, shape.width),
    },
    async stop() {
      await DBOS.shutdown();
      await postgres.stop();
    },
  };
}
