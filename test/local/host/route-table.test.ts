import { describe, expect, it } from "vitest";
import { HostStartError } from "../../../local/host/host-start-error.ts";
import { createRouteTable } from "../../../local/host/http/route-table.ts";

const tableOf = (...routes: string[]): ((path: string) => unknown) => {
  const table = createRouteTable(
    "api",
    routes.map((route) => ({ route, methods: [], target: route, name: "f" })),
  );
  return (path) => {
    const match = table.find("GET", path);
    return match === undefined
      ? undefined
      : { route: match.target, ...match.params };
  };
};

describe("createRouteTable", () => {
  it("prefers a literal to a parameter, whatever was registered first", () => {
    const find = tableOf("jobs/{id}", "jobs/stats", "{*rest}", "jobs/{id:int}");
    expect(find("/api/jobs/stats")).toEqual({ route: "jobs/stats" });
    expect(find("/api/jobs/7")).toEqual({ route: "jobs/{id:int}", id: "7" });
    expect(find("/api/jobs/a7")).toEqual({ route: "jobs/{id}", id: "a7" });
    expect(find("/api/other/x/y")).toEqual({
      route: "{*rest}",
      rest: "other/x/y",
    });
  });

  it("compares precedence segment by segment", () => {
    const find = tableOf("{a}/stats", "jobs/{id}");
    expect(find("/api/jobs/stats")).toEqual({
      route: "jobs/{id}",
      id: "stats",
    });
  });

  it("matches literals in any case and keeps a parameter's own", () => {
    expect(tableOf("Jobs/{id}")("/API/jobs/AbC")).toEqual({
      route: "Jobs/{id}",
      id: "AbC",
    });
  });

  it("lets an optional parameter be absent, and fills in a default", () => {
    expect(tableOf("jobs/{id?}")("/api/jobs")).toEqual({ route: "jobs/{id?}" });
    expect(tableOf("jobs/{id?}")("/api/jobs/")).toEqual({
      route: "jobs/{id?}",
    });
    expect(tableOf("jobs/{id=last}")("/api/jobs")).toEqual({
      route: "jobs/{id=last}",
      id: "last",
    });
    expect(tableOf("jobs/{id}")("/api/jobs")).toBeUndefined();
  });

  it("decodes parameters, and an encoded slash stays inside its segment", () => {
    expect(tableOf("jobs/{id}")("/api/jobs/a%2Fb%20c")).toEqual({
      route: "jobs/{id}",
      id: "a/b c",
    });
    expect(tableOf("jobs/{id}")("/api/jobs/%zz")).toEqual({
      route: "jobs/{id}",
      id: "%zz",
    });
  });

  it("matches segments of literals and parameters mixed", () => {
    expect(tableOf("files/{name}.{ext}")("/api/files/a.b.json")).toEqual({
      route: "files/{name}.{ext}",
      name: "a.b",
      ext: "json",
    });
  });

  it.each([
    ["{v:int}", "-12", "1.5"],
    ["{v:guid}", "0198e3f0-0000-7000-8000-000000000000", "0198e3f0"],
    ["{v:bool}", "TRUE", "yes"],
    ["{v:alpha}", "abc", "ab1"],
    ["{v:length(3)}", "abc", "abcd"],
    ["{v:length(2,3)}", "abc", "abcd"],
    ["{v:minlength(2)}", "ab", "a"],
    ["{v:maxlength(2)}", "ab", "abc"],
    ["{v:range(1,5)}", "5", "6"],
    ["{v:min(3):max(5)}", "4", "6"],
    ["{v:regex(^\\d{{2}}$)}", "42", "421"],
    ["{v:long}", "9223372036854775807", "9223372036854775808"],
    ["{v:datetime}", "2026-01-01", "tomorrow"],
    ["{v:double}", "1.5e3", "x"],
  ])("%s takes %s and not %s", (route, good, bad) => {
    expect(tableOf(route)(`/api/${good}`)).toMatchObject({ v: good });
    expect(tableOf(route)(`/api/${bad}`)).toBeUndefined();
  });

  it("looks on when the method does not fit", () => {
    const table = createRouteTable("", [
      { route: "a/b", methods: ["POST"], target: 1, name: "f" },
      { route: "a/{x}", methods: ["GET"], target: 2, name: "g" },
    ]);
    expect(table.find("GET", "/a/b")?.target).toBe(2);
    expect(table.find("POST", "/a/b")?.target).toBe(1);
    expect(table.find("PUT", "/a/b")).toBeUndefined();
  });

  it.each([
    ["{id:colour}", "colour"],
    ["{*rest}/x", "last segment"],
    ["jobs/{", "stands alone"],
    ["{1a}", "route parameter"],
  ])("refuses the template %s", (route, named) => {
    expect(() => tableOf(route)).toThrow(HostStartError);
    expect(() => tableOf(route)).toThrow(named);
  });

  it("refuses routes that belong to the host", () => {
    const reserve = (): unknown =>
      createRouteTable("", [
        { route: "admin/x", methods: [], target: 1, name: "f" },
      ]);
    expect(reserve).toThrow("belongs to the host");
  });
});
