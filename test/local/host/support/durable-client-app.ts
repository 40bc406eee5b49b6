import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { cjsApp } from "./start-fixture-host.ts";
import type { FixtureAppOptions } from "./fixture-app.ts";

/**
 * An app that calls its durable client: `POST client/{operation}` with the arguments as an array. It answers
 * `{ value }` or `{ error }`, and `GET connections` how many HTTP requests its process has sent.
 */
const source = `
let connections = 0;
require("node:diagnostics_channel").subscribe("http.client.request.start", () => { connections += 1; });

df.app.orchestration("echo", function* (context) { return context.df.getInput() ?? "nothing"; });
df.app.orchestration("wait", function* (context) {
  context.df.setCustomStatus("waiting");
  return yield context.df.waitForExternalEvent("go");
});
let healed = false;
df.app.activity("fragile", { handler: () => {
  if (healed) return "healed";
  healed = true;
  throw new Error("not yet");
} });
df.app.orchestration("fail", function* (context) { return yield context.df.callActivity("fragile"); });
df.app.entity("counter", (context) => {
  if (context.df.operationName === "add")
    context.df.setState(context.df.getState(() => 0) + context.df.getInput());
});

const revive = (value) => {
  if (typeof value?.entity === "string") return new df.EntityId("counter", value.entity);
  if (value === null || typeof value !== "object") return value;
  for (const name of ["createdTimeFrom", "createdTimeTo"])
    if (typeof value[name] === "string") value[name] = new Date(value[name]);
  return value;
};
const call = async (client, operation, args) => {
  try {
    return { value: await client[operation](...args.map(revive)) };
  } catch (error) {
    return { error: error.message };
  }
};
const extraInputs = [df.input.durableClient()];
app.post("client", { route: "client/{operation}", extraInputs, handler: async (request, context) => {
  const jsonBody = await call(df.getClient(context), request.params.operation, await request.json());
  return { jsonBody: { ...jsonBody, pid: process.pid } };
} });
app.post("waited", { route: "waited/{id}", extraInputs, handler: async (request, context) =>
  df.getClient(context).waitForCompletionOrCreateCheckStatusResponse(request, request.params.id, await request.json()) });
app.post("later", { route: "later/{id}", extraInputs, handler: (request, context) => {
  const client = df.getClient(context);
  setImmediate(() => void client.startNew("echo", { instanceId: request.params.id }));
  return { status: 202 };
} });
app.post("vanish", { route: "vanish/{id}", extraInputs, handler: async (request, context) => {
  void df.getClient(context).startNew("echo", { instanceId: request.params.id });
  await new Promise(setImmediate);
  process.exit(1);
} });
let last;
app.post("remember", { extraInputs, handler: (_, context) => { last = df.getClient(context); return { status: 202 }; } });
app.hook.appTerminate(async () => {
  if (last === undefined) return;
  const { value, error } = await call(last, "getStatus", ["nobody"]);
  require("node:fs").writeFileSync(__dirname + "/last-answer", value?.runtimeStatus ?? error);
});
app.get("connections", () => ({ jsonBody: connections }));
`;

const repository = fileURLToPath(new URL("../../../../", import.meta.url));

/** The libraries as they are installed; the app's entry is CommonJS. */
export function installedClientApp(): FixtureAppOptions {
  return cjsApp(source);
}

/** The same, as an ES module. */
export function moduleClientApp(): FixtureAppOptions {
  return {
    packageJson: { name: "fixture", main: "app.mjs" },
    files: {
      "app.mjs": `import { createRequire } from "node:module";
import { app } from "@azure/functions";
import * as df from "durable-functions";
const require = createRequire(import.meta.url);
const __dirname = import.meta.dirname;
${source}`,
    },
  };
}

/** The same in one file with all its libraries, as a bundler makes it. */
export async function bundledClientApp(): Promise<FixtureAppOptions> {
  const { files, ...rest } = installedClientApp();
  const { outputFiles } = await build({
    stdin: { contents: files["app.cjs"] ?? "", resolveDir: repository },
    bundle: true,
    platform: "node",
    format: "cjs",
    external: ["@azure/functions-core"],
    write: false,
    logLevel: "error",
  });
  return { ...rest, files: { "app.cjs": outputFiles[0]?.text ?? "" } };
}
