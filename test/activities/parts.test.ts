import { expect, test } from "vitest";
import { withParts } from "../../activities/open-documents.ts";
import type {
  ContentExtractor,
  ExtractedPart,
} from "../../shared/extraction/extractor.ts";
import { Content } from "../../shared/kernel/content.ts";
import { type ErrorCode, NucleusError } from "../../shared/kernel/errors.ts";
import { MediaType } from "../../shared/kernel/metadata.ts";
import { contentNames, workRef } from "../../shared/results/content-names.ts";
import { JobResult } from "../../shared/results/result.ts";
import {
  acceptJob,
  anInteraction,
  createCore,
  openPorts,
  tag,
} from "../support/core.ts";
import { allOf } from "../support/stored.ts";

const read = (text: string) => ({
  mediaType: MediaType.parse("text/plain"),
  text: Content.fromText(text),
  words: 2,
});
const part = (
  number: number,
  path: string,
  outcome: ExtractedPart["outcome"],
): ExtractedPart => ({
  number,
  path: tag(path),
  name: Content.fromText(`secret ${path}.txt`),
  sizeBytes: 10,
  outcome,
});

/** A job with one artifact, retrieved, whose extraction finds three parts. */
async function openMailJob(incomplete?: ErrorCode) {
  const extractor: ContentExtractor = {
    async extract({ bytes, reopen }) {
      const opened: number[] = [];
      for (const source of [bytes, reopen?.() ?? []]) {
        let size = 0;
        for await (const chunk of source) size += chunk.byteLength;
        opened.push(size);
      }
      if (opened[0] !== opened[1]) throw new NucleusError("content_missing");
      return {
        ...read("The mail"),
        parts: [
          part(1, "1", read("The lease")),
          part(2, "2", { code: "extraction_encrypted" }),
          part(3, "3.1", read("Deep text")),
        ],
        ...(incomplete !== undefined && { incomplete }),
      };
    },
    close: async () => undefined,
  };
  const ports = { ...openPorts(), extractor: { ...extractor, failures: [] } };
  const core = createCore(ports);
  const key = await acceptJob(core, ports, {
    request: anInteraction({ artifacts: 1 }),
  });
  await core.activities.retrieve({ ...key, index: 0 });
  return { ports, core, key };
}

test("the documents in an artifact become artifacts of their own, each with a sealed text, and the history hears of none", async () => {
  const { ports, core, key } = await openMailJob();
  expect(await core.activities.extract({ ...key, index: 0 })).toEqual({
    ok: true,
    value: { words: 2 },
  });

  const artifacts = await core.records.listArtifacts(key);
  expect(artifacts).toMatchObject([
    { index: 0, outcome: "read", words: 2 },
    { index: 1001, partOf: 0, part: "1", outcome: "read", sizeBytes: 10 },
    { index: 1002, partOf: 0, part: "2", code: "extraction_encrypted" },
    { index: 1003, partOf: 0, part: "3.1", outcome: "read" },
  ]);
  expect(
    JSON.stringify(await allOf(ports, "artifact", "t1", key.jobId)),
  ).not.toContain("secret");
  expect(await withParts(core.records, key, [0])).toEqual([0, 1001, 1003]);
  const text = await core.safe.open(
    workRef(key.jobId, contentNames.text(1003)),
  );
  expect(text.revealText()).toBe("Deep text");
});

test("extracting twice changes nothing, and keeps who analysed the parts", async () => {
  const { core, key } = await openMailJob();
  await core.activities.extract({ ...key, index: 0 });
  await core.records.mergeArtifact(
    key,
    1001,
    (known) => known && { ...known, analyzedByPersonaIds: [tag("analyst")] },
  );
  const before = await core.records.listArtifacts(key);
  await core.activities.extract({ ...key, index: 0 });
  expect(await core.records.listArtifacts(key)).toEqual(before);
});

test("the result names each part, where it came from, and why one could not be read", async () => {
  const { core, key } = await openMailJob("extraction_timeout");
  await core.activities.extract({ ...key, index: 0 });
  await core.activities.finish({ ...key, status: "Completed", answered: [] });
  const job = (await core.records.read(key))?.document;
  if (!job?.resultRef) throw new Error("the job has no result");
  const sealed = await core.safe.open(job.resultRef);
  const { artifacts } = JobResult.parse(sealed.revealJson());
  const [whole] = artifacts;
  expect(whole).toMatchObject({ outcome: "read", code: "extraction_timeout" });
  expect(artifacts.slice(1)).toMatchObject([
    {
      index: 1001,
      referenceId: whole?.referenceId,
      partOf: 0,
      part: "1",
      name: "secret 1.txt",
      outcome: "read",
    },
    { part: "2", outcome: "failed", code: "extraction_encrypted" },
    { part: "3.1", name: "secret 3.1.txt" },
  ]);
});
