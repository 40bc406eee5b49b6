import { expect, test } from "vitest";
import { type Role, roles } from "../../shared/auth/principal.ts";
import { Content } from "../../shared/kernel/content.ts";
import { deliveryChannel } from "../../shared/webhooks/delivery-channel.ts";
import {
  acceptJob,
  anInteraction,
  aPrincipal,
  openPorts,
} from "../support/core.ts";
import { type HttpCall, openHttp, tokenOf } from "./support/open-http.ts";

interface Rule {
  /** Who may call at all. */
  readonly roles: readonly Role[];
  /** Which of them reach what another application of their tenant owns. */
  readonly beyondOwn?: readonly Role[];
  /** Whether it is about one thing, which others must not find. */
  readonly isAboutOne?: true;
  readonly status: number;
  readonly body?: unknown;
  /** The job or webhook that it is about. */
  readonly params?: keyof Awaited<ReturnType<typeof openScene>>["things"];
}

const watchers: readonly Role[] = [
  "observer",
  "operator",
  "admin",
  "content_reader",
];
const seeJob = {
  roles: ["adapter", ...watchers],
  beyondOwn: watchers,
  isAboutOne: true,
  status: 200,
  params: "ended",
} as const satisfies Rule;
const ownWebhook = {
  roles: ["adapter"],
  isAboutOne: true,
  params: "webhook",
} as const;

/** Who may do what: written down once more, apart from the routes. */
const rules: Readonly<Record<string, Rule>> = {
  "post-interaction": {
    roles: ["adapter"],
    status: 202,
    body: {
      platformType: "Test",
      conversationId: "c1",
      userId: "u1",
      queryText: "What?",
    },
  },
  "get-job": seeJob,
  "get-job-status": seeJob,
  "get-interaction-status": seeJob,
  "get-job-result": {
    roles: ["adapter", "content_reader"],
    beyondOwn: ["content_reader"],
    isAboutOne: true,
    status: 200,
    params: "ended",
  },
  "list-job-deliveries": seeJob,
  "redeliver-callback": {
    roles: ["adapter", "operator", "admin"],
    beyondOwn: ["operator", "admin"],
    isAboutOne: true,
    status: 202,
    params: "callback",
  },
  "cancel-job": {
    roles: ["adapter", "operator", "admin"],
    beyondOwn: ["operator", "admin"],
    isAboutOne: true,
    status: 202,
    params: "running",
  },
  "post-webhook": {
    roles: ["adapter"],
    status: 201,
    body: { url: "https://subscriber.example/hook" },
  },
  "list-webhooks": { roles: ["adapter"], status: 200 },
  "list-personas": {
    roles: ["adapter", "author", "observer", "operator", "admin"],
    status: 200,
  },
  "post-adapter-secret": { roles: ["adapter"], status: 201 },
  "get-webhook": { ...ownWebhook, status: 200 },
  "rotate-webhook-secret": { ...ownWebhook, status: 201 },
  "list-deliveries": { ...ownWebhook, status: 200 },
  redeliver: { ...ownWebhook, status: 202 },
  "delete-webhook": { ...ownWebhook, status: 204 },
};
const open = ["get-health-live", "get-health-ready"];

/** A tenant's application with a job that has ended, one that runs, and a webhook with a delivery. */
async function openScene() {
  const http = openHttp();
  const { ports, core } = http;
  const owner = aPrincipal();
  const { webhook } = await core.subscriptions.create(owner, {
    url: Content.fromText("https://subscriber.example/hook"),
    eventTypes: ["nucleus.job.completed"],
  });
  const request = anInteraction({
    callbackUrl: "https://subscriber.example/callback",
  });
  const ended = await acceptJob(core, ports, { request });
  await core.finishJob(ended, { status: "Completed", answered: [] });
  const [callback, message] = [0, 1].map(() =>
    deliveryChannel.body.parse(ports.messages.take()?.body),
  );
  if (!callback || !message) throw new Error("two deliveries were expected");
  await core.deliveries.attempt(callback);
  await core.deliveries.attempt(message);
  const running = await acceptJob(core, ports);
  const { webhookId } = webhook;
  return {
    http,
    things: {
      ended: { jobId: ended.jobId },
      callback: { jobId: ended.jobId, deliveryId: callback.deliveryId },
      running: { jobId: running.jobId },
      webhook: { webhookId, deliveryId: message.deliveryId },
    },
  };
}

const callers = {
  "the owner": {},
  "another application": { appId: "app-2" },
  "another tenant": { tenantId: "t2" },
} as const;

function expectedStatus(rule: Rule, role: Role, who: keyof typeof callers) {
  if (!rule.roles.includes(role)) return 403;
  if (!rule.isAboutOne) return rule.status;
  if (who === "another tenant") return 404;
  if (rule.beyondOwn?.includes(role)) return rule.status;
  return who === "the owner" ? rule.status : 404;
}

test("every route has its rule", () => {
  const { routes } = openHttp();
  expect(routes.map(({ name }) => name).toSorted()).toEqual(
    [...Object.keys(rules), ...open].toSorted(),
  );
});

test.each(Object.entries(rules))(
  "%s: every role, of the owner, of another application and of another tenant",
  async (name, rule) => {
    const { http, things } = await openScene();
    const call: HttpCall = {
      ...(rule.params && { params: things[rule.params] }),
      ...(rule.body !== undefined && { body: rule.body }),
    };
    const walk = Object.entries(callers).flatMap(([who, caller]) =>
      roles.map((role) => ({ who: who as keyof typeof callers, role, caller })),
    );
    // What succeeds may change the thing, so it comes last.
    const last = walk.toSorted(
      (left, right) =>
        expectedStatus(rule, right.role, right.who) -
        expectedStatus(rule, left.role, left.who),
    );
    const found: string[] = [];
    for (const { who, role, caller } of last) {
      const answer = await http.call(name, {
        ...call,
        caller: { ...caller, roles: [role] },
      });
      found.push(`${role} of ${who}: ${answer.status}`);
    }
    expect(found).toEqual(
      last.map(
        ({ who, role }) =>
          `${role} of ${who}: ${expectedStatus(rule, role, who)}`,
      ),
    );
    const none = await http.call(name, call);
    expect(none.status).toBe(401);
    expect(none.headers["www-authenticate"]).toBe("Bearer");
    const noRole = await http.call(name, { ...call, caller: { roles: [] } });
    expect(noRole.status).toBe(403);
  },
);

test("health is open to everybody, and names each dependency", async () => {
  const { call } = openHttp();
  expect(await call("get-health-live")).toMatchObject({ status: 200 });
  expect(await call("get-health-ready")).toMatchObject({
    status: 200,
    body: {
      status: "ok",
      checks: {
        documents: "ok",
        vault: "ok",
        keys: "ok",
        secrets: "ok",
        serviceBus: "ok",
      },
    },
  });
});

test("a dependency that is down makes the app not ready, and only that one is named", async () => {
  const ports = openPorts();
  const { call } = openHttp({
    ...ports,
    messages: {
      ...ports.messages,
      ping: () => Promise.reject(new Error("no route to amqp.internal")),
    },
  });
  const answer = await call("get-health-ready");
  expect(answer).toMatchObject({
    status: 503,
    body: { checks: { documents: "ok", serviceBus: "unavailable" } },
  });
  expect(JSON.stringify(answer)).not.toContain("amqp.internal");
});

const now = () => Math.floor(Date.now() / 1000);
test.each([
  ["expired", async () => `Bearer ${await tokenOf({}, { exp: now() - 120 })}`],
  [
    "of another issuer",
    async () => `Bearer ${await tokenOf({}, { iss: "x" })}`,
  ],
  [
    "for another audience",
    async () => `Bearer ${await tokenOf({}, { aud: "x" })}`,
  ],
  [
    "without an expiry",
    async () => `Bearer ${await tokenOf({}, { exp: undefined })}`,
  ],
  [
    "of our own partitions' tenant",
    async () => `Bearer ${await tokenOf({ tenantId: ":system" })}`,
  ],
  ["not signed", async () => `Bearer ${await unsigned()}`],
  ["of version 1", async () => `Bearer ${await tokenOf({}, { ver: "1.0" })}`],
  ["no bearer token", async () => "Basic dTpw"],
])("a token that is %s is refused", async (_what, toAuthorization) => {
  const { call } = openHttp();
  const authorization = await toAuthorization();
  const answer = await call("list-webhooks", { authorization });
  expect(answer).toMatchObject({
    status: 401,
    body: { code: "unauthenticated" },
  });
});

/** The same claims under `alg: none`. */
async function unsigned(): Promise<string> {
  const [, payload] = (await tokenOf({})).split(".");
  const header = Buffer.from('{"alg":"none"}').toString("base64url");
  return `${header}.${payload}.`;
}
