import { createRequire } from "node:module";
import { createServer as createHttp2Server } from "node:http2";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { MissingPrerequisite } from "../engine.ts";
import { createHttpClient, type HttpClient } from "../http-client.ts";
import {
  runStep,
  sumOf,
  type Shape,
  type StepInput,
  type StepResult,
} from "../workflows.ts";
import { loadPackage, type Peer } from "./peer.ts";
import { findFreePort, runServer } from "./run-server.ts";

interface Context {
  run(name: string, step: () => StepResult): PromiseLike<StepResult>;
  serviceClient(service: { readonly name: "step" }): {
    run(input: StepInput): PromiseLike<StepResult>;
  };
}

type Handler = (context: Context, input: WorkflowInput) => Promise<StepResult>;

interface WorkflowInput {
  readonly seed: number;
  readonly size: number;
}

/** What is used of `@restatedev/restate-sdk` 1. */
interface Restate {
  service(definition: {
    readonly name: string;
    readonly handlers: Readonly<
      Record<
        string,
        Handler | ((context: Context, input: StepInput) => Promise<StepResult>)
      >
    >;
  }): unknown;
  createEndpointHandler(options: {
    readonly services: readonly unknown[];
    readonly logger: () => void;
  }): Parameters<typeof createHttp2Server>[1];
  readonly RestatePromise: {
    all(branches: readonly PromiseLike<StepResult>[]): Promise<StepResult[]>;
  };
}

type Step = (context: Context, input: StepInput) => PromiseLike<StepResult>;

const noProgram = "Restate's packages have no server for this machine.";

/** Fewer partitions than the default 24: on a few cores they only divide what one batch would hold. */
const partitions = "4";

/**
 * Restate's server and its SDK over HTTP/2. Two ways: steps inline by `ctx.run`, and steps that are calls of another
 * service, dispatched as activities are. A call through the ingress answers when the workflow has ended.
 */
export async function startRestate(folder: string): Promise<Peer> {
  const restate = await loadPackage<Restate>("@restatedev/restate-sdk");
  const services = createServices(restate);
  const endpoint = createHttp2Server(
    restate.createEndpointHandler({ services, logger: () => undefined }),
  ).listen(0, "127.0.0.1");
  await once(endpoint, "listening");
  const { port } = endpoint.address() as AddressInfo;
  const requests = createHttpClient();
  const server = await startServer(folder, requests);
  await register(requests, server.adminUrl, `http://127.0.0.1:${port}`);
  const through =
    (service: string) =>
    async (shape: Shape, seed: number): Promise<unknown> => {
      const [handler, size] =
        shape.kind === "sequence"
          ? ["sequence", shape.steps]
          : ["fanOut", shape.width];
      const { status, body } = await requests.send(
        "POST",
        `${server.ingressUrl}/${service}/${handler}`,
        { seed, size },
      );
      if (status !== 200) throw new Error(`the ingress answered ${status}`);
      return JSON.parse(body);
    };
  return {
    engines: {
      "Restate, ctx.run steps": through("inline"),
      "Restate, a call per step": through("dispatched"),
    },
    async stop() {
      requests.close();
      await server.stop();
      endpoint.close();
    },
  };
}

function createServices(restate: Restate): readonly unknown[] {
  const inline: Step = (context, input) =>
    context.run("step", () => runStep(input));
  const dispatched: Step = (context, input) =>
    context.serviceClient({ name: "step" }).run(input);
  const handlersOf = (step: Step): Readonly<Record<string, Handler>> => ({
    async sequence(context, { seed, size }) {
      let result: StepResult = { value: seed, text: "" };
      for (let add = 1; add <= size; add += 1)
        result = await step(context, { value: result.value, add });
      return result;
    },
    async fanOut(context, { seed, size }) {
      const first = await step(context, { value: seed, add: 1 });
      const branches = await restate.RestatePromise.all(
        Array.from({ length: size }, (_, index) =>
          step(context, { value: first.value, add: index + 1 }),
        ),
      );
      return step(context, { value: sumOf(branches), add: 1 });
    },
  });
  return [
    restate.service({ name: "inline", handlers: handlersOf(inline) }),
    restate.service({ name: "dispatched", handlers: handlersOf(dispatched) }),
    restate.service({
      name: "step",
      handlers: {
        run: (_context: Context, input: StepInput) =>
          Promise.resolve(runStep(input)),
      },
    }),
  ];
}

async function startServer(folder: string, requests: HttpClient) {
  const [ingressPort, adminPort, nodePort] = await Promise.all([
    findFreePort(),
    findFreePort(),
    findFreePort(),
  ]);
  const adminUrl = `http://127.0.0.1:${adminPort}`;
  const server = await runServer({
    command: [findProgram(), "--node-name=bench", `--base-dir=${folder}`],
    spawn: {
      env: {
        ...process.env,
        RESTATE_LISTEN_MODE: "tcp",
        RESTATE_BIND_IP: "127.0.0.1",
        RESTATE_BIND_PORT: String(nodePort),
        RESTATE_INGRESS__BIND_PORT: String(ingressPort),
        RESTATE_ADMIN__BIND_PORT: String(adminPort),
        RESTATE_DEFAULT_NUM_PARTITIONS: partitions,
        RESTATE_LOG_FILTER: "error",
        RESTATE_DISABLE_TELEMETRY: "true",
      },
    },
    missing: noProgram,
    isReady: async () => {
      const answer = await requests
        .send("GET", `${adminUrl}/health`)
        .catch(() => undefined);
      return answer?.status === 200;
    },
  });
  return {
    ...server,
    adminUrl,
    ingressUrl: `http://127.0.0.1:${ingressPort}`,
  };
}

/** The package of the server holds a program for each kind of machine, in a package of its own. */
function findProgram(): string {
  const kind = `${process.platform}-${process.arch}`;
  try {
    return createRequire(import.meta.url).resolve(
      `@restatedev/restate-server-${kind}/bin/restate-server`,
    );
  } catch {
    throw new MissingPrerequisite(noProgram);
  }
}

async function register(
  requests: HttpClient,
  adminUrl: string,
  uri: string,
): Promise<void> {
  const { status, body } = await requests.send(
    "POST",
    `${adminUrl}/deployments`,
    { uri },
  );
  if (status !== 201) throw new Error(`Restate answered ${status}: ${body}`);
}
