import { describe, expect, it } from "vitest";
import { HostStartError } from "../../../local/host/host-start-error.ts";
import { createRouteTable } from "../../../local/host/http/route-table.ts";

const tableOf = (...routes: string[]): ((path: string) => unknown) => {
  const table = createRouteTable(
    "api",
    routes.map((route) => ({ route, methods: [], target: route, name: route })),
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

  it("decodes parameters once, but for a slash, as Kestrel does", () => {
    expect(tableOf("jobs/{id}")("/api/jobs/a%2Fb%20c%2541")).toEqual({
      route: "jobs/{id}",
      id: "a%2Fb c%41",
    });
    expect(tableOf("jobs/{id}")("/api/jobs/%zz")).toEqual({
      route: "jobs/{id}",
      id: "%zz",
    });
  });

  it("matches literals in a path that is encoded", () => {
    const find = tableOf("Straße/{id}", "grüße/an alle");
    expect(find("/api/gr%C3%BC%C3%9Fe/an%20alle")).toEqual({
      route: "grüße/an alle",
    });
    expect(find("/%61pi/stra%C3%9Fe/7")).toEqual({
      route: "Straße/{id}",
      id: "7",
    });
  });

  it.each([
    [["jobs", "jobs/{id?}"], "/api/jobs", "jobs/{id?}"],
    [["jobs", "jobs/{*rest}"], "/api/jobs", "jobs/{*rest}"],
    [["{id:int}", "{id:int:min(1)}"], "/api/7", "{id:int:min(1)}"],
    [["{id}", "{*all:minlength(1)}"], "/api/7", "{*all:minlength(1)}"],
    [["{id}", "{*all}"], "/api/7", "{*all}"],
    [["v1", "v{n}"], "/api/v1", "v{n}"],
  ])(
    "takes of %j for %s the one that Azure's host takes",
    (routes, path, route) => {
      expect(tableOf(...routes)(path)).toMatchObject({ route });
    },
  );

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

  it.each([
    ["", "admin/x"],
    ["api", "admin/x"],
    ["api", "/Administration"],
    ["api", "runtimeInfo"],
    ["runtime", "x"],
  ])(
    "refuses behind the prefix '%s' the route %s, as Azure does",
    (prefix, route) => {
      const reserve = (): unknown =>
        createRouteTable(prefix, [
          { route, methods: [], target: 1, name: "f" },
        ]);
      expect(reserve).toThrow("belongs to the host");
    },
  );

  it("refuses a second function of the same route and method, as Azure does", () => {
    const define = (...methods: string[][]): unknown =>
      createRouteTable(
        "api",
        methods.map((each, index) => ({
          route: ["jobs/{id}", "/Jobs/{id}/"][index] ?? "",
          methods: each,
          target: index,
          name: `f${index}`,
        })),
      );
    expect(() => define(["GET"], ["GET", "POST"])).toThrow('"f0" and "f1"');
    expect(() => define([], ["PUT"])).toThrow("same route");
    expect(() => define(["GET"], ["POST"])).not.toThrow();
  });
});
