import { type Dependencies, runProbe, toProbes } from "../probes.ts";
import type { PublicRoute } from "./route.ts";

/** `GET /health/live` (the process serves requests) and `GET /health/ready` (so does all that it depends on). */
export function createGetHealth(
  dependencies: Dependencies,
): readonly PublicRoute[] {
  return [
    {
      name: "get-health-live",
      method: "GET",
      path: "v1/health/live",
      access: "anonymous",
      handle: () => Promise.resolve({ jsonBody: { status: "ok" } }),
    },
    {
      name: "get-health-ready",
      method: "GET",
      path: "v1/health/ready",
      access: "anonymous",
      async handle() {
        const checks = Object.fromEntries(
          await Promise.all(
            Object.entries(toProbes(dependencies)).map(
              async ([name, probe]) => [
                name,
                (await runProbe(probe)) === undefined ? "ok" : "unavailable",
              ],
            ),
          ),
        ) as Record<string, "ok" | "unavailable">;
        const isReady = Object.values(checks).every((check) => check === "ok");
        return {
          status: isReady ? 200 : 503,
          jsonBody: { status: isReady ? "ok" : "unavailable", checks },
        };
      },
    },
  ];
}
