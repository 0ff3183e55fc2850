import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkRoutes, type Route, type RouteTree, routesFor } from "./routes.ts";
import { causesOf } from "./topology.ts";

const TREE: RouteTree = {
  receiver: "log",
  groupBy: ["component"],
  routes: [
    { where: { severity: "critical" }, receiver: "pager", continue: true, repeatMs: 1 },
    {
      where: { component: { oneOf: ["database", "redis"] } },
      receiver: "data",
      routes: [{ where: { severity: "info" }, groupBy: [] }],
    },
    { where: { component: "database" }, receiver: "never" },
  ],
};

const receiversOf = (labels: Record<string, string>): string[] =>
  routesFor(TREE, labels).map(({ receiver }) => receiver);

test("the first child that matches is taken, the next ones only after `continue`, and the root when none does", () => {
  assert.deepEqual(receiversOf({ severity: "critical", component: "database" }), ["pager", "data"]);
  assert.deepEqual(receiversOf({ severity: "warning", component: "database" }), ["data"]);
  assert.deepEqual(receiversOf({ severity: "critical", component: "host" }), ["pager"]);
  assert.deepEqual(receiversOf({ severity: "warning", component: "host" }), ["log"]);
});

test("what a route leaves out it has from the one above, and the root from Alertmanager's defaults", () => {
  const [pager] = routesFor(TREE, { severity: "critical" });
  assert.deepEqual(
    [pager?.groupBy, pager?.groupWaitMs, pager?.groupIntervalMs, pager?.repeatMs],
    [["component"], 30_000, 300_000, 1],
  );
  const [info] = routesFor(TREE, { severity: "info", component: "redis" });
  assert.deepEqual([info?.receiver, info?.groupBy, info?.repeatMs], ["data", [], 14_400_000]);
});

test("trees that are wrong are refused", () => {
  const known = new Set(["log", "pager", "data", "never"]);
  checkRoutes(TREE, known);
  const wrong: RouteTree[] = [
    { receiver: "nobody" },
    { receiver: "log", where: { severity: "critical" } },
    { receiver: "log", escalate: [{ afterMs: 1, receiver: "nobody" }] },
    { receiver: "log", escalate: [{ afterMs: 0, receiver: "pager" }] },
    { receiver: "log", groupIntervalMs: Number.NaN },
    { receiver: "log", routes: [{ receiver: "pager" }, { receiver: "pager" }] },
  ];
  for (const tree of wrong) assert.throws(() => checkRoutes(tree, known), TypeError, JSON.stringify(tree));
});

const { route } = fc.letrec<{ route: Route }>((tie) => ({
  route: fc.record(
    {
      receiver: fc.constantFrom("a", "b"),
      where: fc.record({ x: fc.constantFrom("1", "2") }, { requiredKeys: [] }),
      continue: fc.boolean(),
      routes: fc.array(tie("route") as fc.Arbitrary<Route>, { maxLength: 3, depthIdentifier: "route" }),
    },
    { requiredKeys: [] },
  ),
}));

test("whatever the tree is, every alert is somebody's", () => {
  fc.assert(
    fc.property(fc.array(route, { maxLength: 3 }), fc.constantFrom("1", "2", "3"), (routes, x) => {
      const found = routesFor({ receiver: "root", routes }, { x });
      assert.ok(found.length > 0);
      const others = routes.filter(({ where }) => where?.x === undefined || where.x === x);
      if (others.length === 0)
        assert.deepEqual(
          found.map(({ receiver }) => receiver),
          ["root"],
        );
    }),
  );
});

test("causes are what is needed, through others too; within a cycle nothing causes anything", () => {
  const causes = causesOf({ a: ["b"], b: ["c"], c: ["d"], d: ["c"], e: ["e"] });
  const of = (component: string): string[] => [...(causes.get(component) ?? [])].sort();
  assert.deepEqual([of("a"), of("b"), of("c"), of("d"), of("e")], [["b", "c", "d"], ["c", "d"], [], [], []]);
});

test("whatever needs what, nobody is the cause of its own cause", () => {
  const names = ["a", "b", "c", "d", "toString"];
  const graph = fc.dictionary(fc.constantFrom(...names), fc.subarray(names));
  fc.assert(
    fc.property(graph, (topology) => {
      const causes = causesOf(topology);
      for (const [component, of] of causes) {
        for (const cause of of) assert.ok(!(causes.get(cause)?.has(component) ?? false));
      }
    }),
  );
});
