import { defineConfig } from "vitest/config";

/**
 * They speak over real sockets and processes: on a busy machine one may be late, and says so by a retry that is shown.
 * Properties are not among them: one that fails once has failed.
 */
const overTheWire = [
  "test/attacks",
  "test/azure",
  "test/cli",
  "test/conformance/host",
  "test/e2e",
  "test/faults",
  "test/leaks",
  "test/local/host",
  "test/local/service-bus",
].map((folder) => `${folder}/**/!(*.property|*.full).test.ts`);
const full = ["test/**/*.full.test.ts"];

/** `fast` and `fast-wire` are what `npm test` runs; `full` holds what takes minutes and runs with `npm run test:full`. */
export default defineConfig({
  test: {
    // One fewer than cores, the default, would leave a core of two idle.
    maxWorkers: "100%",
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: "fast",
          include: ["test/**/*.test.ts"],
          exclude: [...full, ...overTheWire],
        },
      },
      {
        extends: true,
        test: {
          name: "fast-wire",
          include: overTheWire,
          retry: 1,
        },
      },
      {
        extends: true,
        test: {
          name: "full",
          include: full,
          testTimeout: 600_000,
        },
      },
    ],
  },
});
