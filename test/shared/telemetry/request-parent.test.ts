import { HttpRequest, InvocationContext } from "@azure/functions";
import { expect, test } from "vitest";
import { toRequestParent } from "../../../functions/http/to-request-parent.ts";

const trace = "0af7651916cd43dd8448eb211c80319c";
const otherTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const callerSpan = "b7ad6b7169203331";
const hostSpan = "00f067aa0ba902b7";

test.each([
  {
    name: "the host's span, with the caller's flag",
    caller: `00-${trace}-${callerSpan}-01`,
    host: `00-${trace}-${hostSpan}-00`,
    parent: { traceparent: `00-${trace}-${hostSpan}-01` },
  },
  {
    name: "the host's span, with the caller's no",
    caller: `00-${trace}-${callerSpan}-00`,
    host: `00-${trace}-${hostSpan}-01`,
    parent: { traceparent: `00-${trace}-${hostSpan}-00` },
  },
  {
    name: "the host's span, undecided, when the caller says nothing",
    caller: undefined,
    host: `00-${trace}-${hostSpan}-00`,
    parent: { traceparent: `00-${trace}-${hostSpan}-00`, isUndecided: true },
  },
  {
    name: "the caller's span when the host goes its own way",
    caller: `00-${trace}-${callerSpan}-01`,
    host: `00-${otherTrace}-${hostSpan}-01`,
    parent: { traceparent: `00-${trace}-${callerSpan}-01` },
  },
  {
    name: "the caller's span when the host says nothing",
    caller: `00-${trace}-${callerSpan}-01`,
    host: undefined,
    parent: { traceparent: `00-${trace}-${callerSpan}-01` },
  },
  { name: "nothing", caller: "00-x", host: undefined, parent: undefined },
])("a request's parent is $name", ({ caller, host, parent }) => {
  const request = new HttpRequest({
    method: "GET",
    url: "https://nucleus.example/",
    headers: caller === undefined ? {} : { traceparent: caller },
  });
  const context = new InvocationContext({
    functionName: "test",
    ...(host !== undefined && { traceContext: { traceParent: host } }),
  });
  expect(toRequestParent(request, context)).toEqual(parent);
});
