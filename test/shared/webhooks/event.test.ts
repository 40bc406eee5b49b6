import { expect, test } from "vitest";
import { terminalStatuses } from "../../../shared/jobs/job-status.ts";
import { Tag } from "../../../shared/kernel/metadata.ts";
import {
  JobEvent,
  ServiceUrl,
  toJobEvent,
} from "../../../shared/webhooks/event.ts";

const event = (
  status: (typeof terminalStatuses)[number],
  url = "https://nucleus.example.com",
): JobEvent =>
  toJobEvent({
    eventId: Tag.parse("e1"),
    jobId: Tag.parse("j1"),
    status,
    endedAtMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    serviceUrl: ServiceUrl.parse(url),
  });

test("a job's end is a thin CloudEvents event", () => {
  expect(event("Completed")).toEqual({
    specversion: "1.0",
    id: "e1",
    source: "https://nucleus.example.com",
    type: "nucleus.job.completed",
    time: "2026-01-02T03:04:05.000Z",
    subject: "j1",
    datacontenttype: "application/json",
    data: {
      jobId: "j1",
      status: "Completed",
      statusUrl: "https://nucleus.example.com/api/v1/jobs/j1/status",
      resultUrl: "https://nucleus.example.com/api/v1/jobs/j1/result",
    },
  });
});

test("each way to end has a type of its own, in the words of Standard Webhooks", () => {
  const types = terminalStatuses.map((status) => event(status).type);
  expect(types).toEqual([
    "nucleus.job.completed",
    "nucleus.job.failed",
    "nucleus.job.cancelled",
    "nucleus.job.timed_out",
  ]);
  for (const type of types) expect(type).toMatch(/^[\w.]+$/);
});

test.each([
  ["http://127.0.0.1:7071", "http://127.0.0.1:7071"],
  ["http://127.0.0.1:7071/", "http://127.0.0.1:7071"],
  ["http://[::1]:7071/", "http://[::1]:7071"],
  [
    "https://gateway.example.com/nucleus/",
    "https://gateway.example.com/nucleus",
  ],
])("a service at %s is at %s, and its events are valid", (given, source) => {
  const built = event("Failed", given);
  expect(built.source).toBe(source);
  expect(JobEvent.parse(built)).toEqual(built);
});

test.each([
  "https://user:secret@example.com",
  "https://example.com/?query=words",
  "https://example.com/#words",
  "example.com",
  "ftp://example.com",
])("%s is no service URL", (url) => {
  expect(ServiceUrl.safeParse(url).success).toBe(false);
});

test("nothing but metadata fits into an event", () => {
  const built = event("Completed");
  for (const smuggled of [
    { ...built, data: { ...built.data, answer: "words of a user" } },
    { ...built, subject: "words of a user" },
    {
      ...built,
      data: { ...built.data, resultUrl: "https://x.test/?words=of a user" },
    },
    {
      ...built,
      data: { ...built.data, statusUrl: "https://evil.test/words/of" },
    },
  ])
    expect(JobEvent.safeParse(smuggled).success).toBe(false);
});
