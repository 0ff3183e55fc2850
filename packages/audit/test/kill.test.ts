/**
 * Writer, sequencer and witness killed at random points. `AUDIT_KILLS=200` for as many as the record in the README; fewer
 * by default.
 */
import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "@rempart/kernel";
import { silentLogger } from "@rempart/runtime";
import { freePort, testDatabase } from "@rempart/testing";
import { startSequencer } from "../src/log/sequencer.ts";
import { auditMigrations } from "../src/migrations.ts";
import { nodePrimitives } from "../src/node-primitives.ts";
import { directoryStore } from "../src/objects/directory.ts";
import type { TrustPolicy } from "../src/proof/verify.ts";
import { verifyLog } from "../src/verification/verify-log.ts";
import { keyOf, ORIGIN, type Settings } from "./fixtures/settings.ts";
import { treeHashing } from "./log.ts";

const KILLS = Number(process.env.AUDIT_KILLS ?? 9);
const VICTIMS = ["writer", "sequencer", "witness"] as const;
type Victim = (typeof VICTIMS)[number];

const said: string[] = [];

/** Resolves when the process is at its work. */
async function start(victim: Victim, settings: Settings): Promise<ChildProcess> {
  const child = fork(new URL(`./fixtures/${victim}.ts`, import.meta.url), {
    env: { ...process.env, FAULT_SETTINGS: JSON.stringify(settings) },
  });
  child.on("message", (text: string) => void (text !== "ready" && said.push(text)));
  await once(child, "message");
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

async function killAtRandom(settings: Settings, kills: number): Promise<void> {
  const running = new Map<Victim, ChildProcess>();
  for (const victim of VICTIMS) running.set(victim, await start(victim, settings));
  for (let i = 0; i < kills; i += 1) {
    const victim = VICTIMS[i % VICTIMS.length] as Victim;
    await sleep(Math.random() * 120);
    await kill(running.get(victim) as ChildProcess);
    running.set(victim, await start(victim, settings));
  }
  for (const child of running.values()) await kill(child);
}

function newKey(): string {
  return generateKeyPairSync("ed25519")
    .privateKey.export({ format: "der", type: "pkcs8" })
    .toString("base64");
}

test("however often writer, sequencer and witness are killed, every act has one place and the log never forks", async (t: TestContext) => {
  await using fresh = await testDatabase({ migrations: [auditMigrations] });
  const { database, url } = fresh;
  await database.query("CREATE TABLE acts (id uuid PRIMARY KEY)");
  const directory = await mkdtemp(join(tmpdir(), "rempart-audit-kill-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const witnessPort = await freePort();
  const settings = { databaseUrl: url, directory, logKey: newKey(), witnessKey: newKey(), witnessPort };
  await killAtRandom(settings, KILLS);

  const witness = await start("witness", settings);
  const witnessKey = keyOf("witness.example/w1", "witness", settings.witnessKey).key;
  const signer = { origin: ORIGIN, generation: 1, ...keyOf(ORIGIN, "log", settings.logKey) };
  const objects = directoryStore(join(directory, "log"));
  const shared = { database, objects, signer, hash: treeHashing, clock: systemClock, log: silentLogger };
  const witnesses = [{ url: `http://127.0.0.1:${witnessPort}`, key: witnessKey }];
  const sequencer = startSequencer({ ...shared, witnesses, witnessBudgetMs: 60_000, everyMs: 3_600_000 });
  for (let i = 0; i < 3; i += 1) await sequencer.round();
  await sequencer.stop();
  await kill(witness);

  const policy: TrustPolicy = {
    origin: ORIGIN,
    logKeys: [signer.key],
    witnessKeys: [witnessKey],
    quorum: 1,
  };
  const report = await verifyLog({ database, objects, primitives: nodePrimitives, policy, now: Date.now() });
  assert.deepEqual(report.findings, []);
  assert.deepEqual(said, [], "no sequencer was stopped by what it found, and nobody saw a fork");
  const [counted] = await database.query<{ acts: number; placed: number; last: number; unrecorded: number }>(
    `SELECT (SELECT count(*) FROM acts) AS acts,
            (SELECT count(*) FROM audit_leaves) AS placed,
            (SELECT max(leaf_index) + 1 FROM audit_leaves) AS last,
            (SELECT count(*) FROM acts a LEFT JOIN (
               SELECT resource_id, count(*) AS places FROM audit_logs WHERE leaf_index IS NOT NULL GROUP BY resource_id
             ) l ON l.resource_id = a.id::text WHERE l.places IS DISTINCT FROM 1) AS unrecorded`,
  );
  assert.ok(counted !== undefined && counted.acts > 0);
  assert.deepEqual(counted, {
    acts: counted.acts,
    placed: counted.acts,
    last: counted.acts,
    unrecorded: 0,
  });
  t.diagnostic(`${KILLS} kills, ${counted.acts} acts, ${report.size} entries verified`);
});
