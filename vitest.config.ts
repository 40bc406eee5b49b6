import { defineConfig } from "vitest/config";

/** `fast` is what `npm test` runs; `full` holds what takes minutes and runs with `npm run test:full`. */
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
          exclude: ["test/**/*.full.test.ts"],
        },
      },
      {
        extends: true,
        test: {
          name: "full",
          include: ["test/**/*.full.test.ts"],
          testTimeout: 600_000,
        },
      },
    ],
  },
});
