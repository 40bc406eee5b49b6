import { HttpRequest, InvocationContext } from "@azure/functions";
import { expect, test } from "vitest";
import { createGetHealth } from "../../functions/http/get-health.ts";
import { NucleusError } from "../../shared/kernel/errors.ts";
import { openPorts } from "../support/core.ts";

test("a dependency that does not answer makes the app unready, and is named", async () => {
  const ports = openPorts();
  const routes = createGetHealth({
    ...ports,
    messages: {
      ...ports.messages,
      ping: () => Promise.reject(new NucleusError("service_unavailable")),
    },
  });
  const ready = routes.find(({ name }) => name === "get-health-ready");
  const answer = await ready?.handle({
    request: new HttpRequest({ method: "GET", url: "http://localhost/" }),
    context: new InvocationContext(),
  });

  expect(answer).toMatchObject({
    status: 503,
    jsonBody: {
      status: "unavailable",
      checks: { documents: "ok", serviceBus: "unavailable" },
    },
  });
});
