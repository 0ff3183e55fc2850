import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "@rempart/database";
import { type KeyProvider, KeysError } from "@rempart/keys";
import { readMessengerConfig } from "@rempart/messenger-server/operator";
import type { ScrapedSample } from "@rempart/observability";
import { changed, changesOfTheWeek } from "./dependencies.ts";
import { rehearseFailover } from "./failover.ts";
import { forgeryBlocks } from "./forgery.ts";
import type { CheckItem, CheckPlace, Verdict } from "./item.ts";
import { failovers } from "./keys.ts";
import { reportHtml } from "./report-html.ts";
import { reportText } from "./report-text.ts";
import { tokenSize } from "./signing-in.ts";
import { checkAll, exitCodeOf } from "./weekly.ts";

const away = (): Promise<never> => Promise.reject(new Error("away"));

function placeWith(samples: readonly ScrapedSample[]): CheckPlace {
  return {
    config: readMessengerConfig({}),
    now: 0,
    directory: ".",
    database: away,
    samples: async () => samples,
  };
}

function item(verdict: Verdict | null, figure = "1"): CheckItem {
  const texts = { id: "x", title: "<b>title</b>", target: "t", source: "s", advice: "a & b" };
  return {
    ...texts,
    look: async () => (verdict === null ? away() : { verdict, figure, details: ["<i>detail</i>"] }),
  };
}

test("what cannot be looked at is unknown, never passed, and the exit code tells the gravest", async () => {
  const codeOf = async (...verdicts: (Verdict | null)[]) => {
    const report = await checkAll(
      verdicts.map((verdict) => item(verdict)),
      placeWith([]),
    );
    return [report.verdict, exitCodeOf(report)];
  };
  assert.deepEqual(await codeOf("pass", "pass"), ["pass", 0]);
  assert.deepEqual(await codeOf("pass", "warn"), ["warn", 0]);
  assert.deepEqual(await codeOf("warn", null), ["unknown", 2]);
  assert.deepEqual(await codeOf("fail", null), ["fail", 1]);
});

test("nothing in a report is markup, moves a cursor, or is fetched", async () => {
  const hostile = `</td><script>alert(1)</script>\u001b[2J`;
  const report = await checkAll([item("fail", hostile)], placeWith([]));
  const html = reportHtml(report);
  assert.doesNotMatch(html, /<script|<b>title|<i>detail/);
  assert.doesNotMatch(html, / (?:src|href)=|url\(/);
  for (const text of [html, reportText(report)]) assert.ok(!text.includes("\u001b"));
});

const count = (name: string, value: number, labels: Record<string, string> = {}): ScrapedSample => ({
  name,
  labels,
  value,
});

test("refused forgeries are weighed against what was checked, and their reasons and routes are named", async () => {
  const samples = [
    count("csrf_checks_total", 1_000),
    count("csrf_blocks_total", 1, { reason: "token-invalid" }),
    count("csrf_blocks_total", 4, { reason: "same-site" }),
    count("csrf_blocks_total", 0, { reason: "cross-site" }),
    count("http_requests_total", 3, { method: "POST", route: "/a", status: "403" }),
    count("http_requests_total", 9, { method: "POST", route: "/b", status: "403" }),
    count("http_requests_total", 99, { method: "GET", route: "/a", status: "200" }),
  ];
  const found = await forgeryBlocks.look(placeWith(samples));
  assert.equal(found.verdict, "warn");
  const [commonest, other, ...routes] = found.details ?? [];
  assert.match(found.figure, /^5 of 1000 /);
  assert.match(commonest ?? "", /^same-site: 4 \(.*ALLOWED_ORIGINS/);
  assert.match(other ?? "", /^token-invalid: 1 \(.*expired/);
  assert.deepEqual(routes, ["403 on POST /b: 9", "403 on POST /a: 3"]);
  assert.equal((await forgeryBlocks.look(placeWith([count("csrf_checks_total", 9_999)]))).verdict, "pass");
  assert.equal((await forgeryBlocks.look(placeWith([]))).verdict, "unknown");
});

test("tokens are judged by their mean size; without any it is not known", async () => {
  const verdictOf = async (sum: number, tokens: number) => {
    const samples = [count("jwt_size_bytes_sum", sum), count("jwt_size_bytes_count", tokens)];
    return (await tokenSize.look(placeWith(samples))).verdict;
  };
  assert.deepEqual(
    await Promise.all([verdictOf(5_000, 10), verdictOf(20_000, 10), verdictOf(50_000, 10), verdictOf(0, 0)]),
    ["pass", "warn", "fail", "unknown"],
  );
});

test("failovers are weighed against the calls of the key service, not of the local key", async () => {
  const query = async () => [{ count: 2, last: new Date(0) }];
  const operations = (provider: string, value: number) => count("kms_operations_total", value, { provider });
  const verdictOf = async (...samples: ScrapedSample[]) => {
    const place = { ...placeWith(samples), database: async () => ({ query }) as unknown as Database };
    return (await failovers.look(place)).verdict;
  };
  const bridged = count("kms_failover_total", 2, { provider: "vault" });
  assert.equal(await verdictOf(bridged, operations("vault", 100), operations("local", 10_000)), "fail");
  assert.equal(await verdictOf(bridged, operations("vault", 400), operations("local", 2)), "warn");
});

test("the rehearsal of an outage holds, with nothing but what it made itself", async () => {
  const steps = await rehearseFailover(null);
  assert.equal(steps.length, 6);
  assert.deepEqual(
    steps.filter(({ holds }) => !holds),
    [],
  );
});

test("a key service that is away already does not pass the rehearsal", async () => {
  const fail = (): Promise<never> => Promise.reject(new KeysError("provider-unavailable", "away"));
  const service: KeyProvider = { name: "away", wrap: fail, unwrap: fail };
  const steps = await rehearseFailover(service);
  assert.equal(steps[0]?.holds, false);
});

test("new and changed packages are told once, wherever they stand in the tree", () => {
  const before = new Map([
    ["node_modules/a", "1.0.0"],
    ["node_modules/b", "1.0.0"],
  ]);
  const now = new Map([
    ["node_modules/a", "1.0.0"],
    ["node_modules/b", "1.1.0"],
    ["node_modules/@s/c", "2.0.0"],
    ["node_modules/b/node_modules/@s/c", "2.0.0"],
  ]);
  assert.deepEqual(changed(before, now), ["@s/c 2.0.0 is new", "b 1.0.0 → 1.1.0"]);
});

test("what is new is told against the lock file of a week ago, or it is not known", async () => {
  const directory = await mkdtemp(join(tmpdir(), "rempart-lock-"));
  const write = (packages: object) =>
    writeFile(join(directory, "package-lock.json"), JSON.stringify({ packages: { "": {}, ...packages } }));
  const git = (date: string, ...args: readonly string[]) =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.org", ...args], {
      cwd: directory,
      env: { PATH: process.env.PATH, GIT_COMMITTER_DATE: date, GIT_AUTHOR_DATE: date },
    });
  try {
    await write({ "node_modules/a": { version: "1.0.0" } });
    assert.equal((await changesOfTheWeek(directory)).verdict, "unknown");
    git("", "init", "-q");
    assert.equal((await changesOfTheWeek(directory)).verdict, "unknown");
    git("", "add", ".");
    git(new Date(Date.now() - 9 * 86_400_000).toISOString(), "commit", "-qm", "old");
    assert.equal((await changesOfTheWeek(directory)).verdict, "pass");
    await write({ "node_modules/a": { version: "1.0.0" }, "node_modules/b": { version: "2.0.0" } });
    git(new Date(Date.now() - 2 * 86_400_000).toISOString(), "commit", "-qam", "new");
    const { verdict, details } = await changesOfTheWeek(directory);
    assert.equal(verdict, "warn");
    assert.deepEqual(details, ["b 2.0.0 is new"]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test("items are looked at one after the other, whatever becomes of them", async () => {
  const looked: string[] = [];
  const item = (id: string, look: () => Promise<void>): CheckItem => ({
    ...{ id, title: id, target: "", source: "", advice: "" },
    async look() {
      looked.push(`${id} begins`);
      await look();
      looked.push(`${id} ends`);
      return { verdict: "pass", figure: "" };
    },
  });
  const { items } = await checkAll(
    [item("slow", () => sleep(5)), item("broken", away), item("quick", async () => {})],
    placeWith([]),
  );
  assert.deepEqual(looked, ["slow begins", "slow ends", "broken begins", "quick begins", "quick ends"]);
  assert.deepEqual(
    items.map(({ verdict }) => verdict),
    ["pass", "unknown", "pass"],
  );
});
