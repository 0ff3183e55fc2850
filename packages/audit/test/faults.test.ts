/** What the disk, or whoever holds the objects, can do to a log that is being written. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock, systemRandom } from "@rempart/kernel";
import { createKeyring, localKeyFile } from "@rempart/keys";
import { createAudit } from "../src/audit.ts";
import { nodePrimitives } from "../src/node-primitives.ts";
import { directoryStore } from "../src/objects/directory.ts";
import type { ObjectStore } from "../src/ports.ts";
import type { FindingKind } from "../src/verification/finding.ts";
import { verifyLog } from "../src/verification/verify-log.ts";
import { type TestLog, testLog } from "./log.ts";

async function grow({ database, directory }: TestLog, count: number): Promise<void> {
  const local = localKeyFile(join(directory, "key"));
  const envelopes = createKeyring({ local, clock: systemClock, random: systemRandom });
  const { record } = createAudit({ database, envelopes });
  await database.transaction(async (tx) => {
    for (let i = 0; i < count; i += 1)
      await record(tx, { type: "admin.operation.read", resource: { type: "thing", id: String(i) } });
  });
}

async function findings({ database, signer }: TestLog, objects: ObjectStore): Promise<FindingKind[]> {
  const policy = { origin: signer.origin, logKeys: [signer.key], witnessKeys: [], quorum: 0 };
  const report = await verifyLog({ database, objects, primitives: nodePrimitives, policy, now: Date.now() });
  return report.findings.map(({ kind }) => kind);
}

/** Ends the process, as far as the disk and the database can tell, before or after this file is written. */
function endingAt(objects: ObjectStore, when: "before" | "after", file: RegExp): ObjectStore {
  const ending = async <T>(path: string, write: () => Promise<T>): Promise<T> => {
    if (!file.test(path)) return write();
    if (when === "after") await write();
    throw new Error(`ended ${when} ${path}`);
  };
  return {
    ...objects,
    put: (path, content) => ending(path, () => objects.put(path, content)),
    replace: (path, content, expected) => ending(path, () => objects.replace(path, content, expected)),
  };
}

const POINTS = [
  ["before", /^tile\/0\//, "before the first tile"],
  ["after", /^tile\/entries\//, "between tiles and checkpoint"],
  ["before", /^checkpoint$/, "between the remembered head and the published one"],
  ["after", /^checkpoint$/, "when the head is published and not remembered"],
] as const;

for (const [when, file, name] of POINTS) {
  test(`a sequencer that ends ${name} leaves a log that the next one goes on with`, async () => {
    await using log = await testLog();
    await grow(log, 300);
    await log.sequencer().round();
    await grow(log, 300);
    const unlucky = log.sequencer(endingAt(log.objects, when, file));
    await assert.rejects(unlucky.round(), /ended/);
    await unlucky.stop();
    await grow(log, 5);
    await log.sequencer().round();
    assert.deepEqual(await findings(log, log.objects), []);
  });
}

test("a full disk holds the log up and breaks nothing", async (t) => {
  const mount = await mkdtemp(join(tmpdir(), "rempart-audit-full-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", mount], { stdio: "ignore" });
  } catch {
    await rm(mount, { recursive: true });
    return t.skip("this machine does not let root mount a file system");
  }
  try {
    await using log = await testLog();
    const small = directoryStore(mount);
    const sequencer = log.sequencer(small);
    await grow(log, 100);
    await sequencer.round();
    await grow(log, 1_000);
    await assert.rejects(sequencer.round(), { code: "ENOSPC" });
    assert.ok(
      (await findings(log, small)).every((kind) => kind === "entry-inserted"),
      "the old head stands",
    );
    execFileSync("mount", ["-o", "remount,size=8m", mount]);
    await sequencer.round();
    await sequencer.stop();
    assert.deepEqual(await findings(log, small), []);
  } finally {
    execFileSync("umount", [mount]);
    await rm(mount, { recursive: true });
  }
});

for (const [file, kind] of [
  [/^tile\/0\//, "tile-altered"],
  [/^tile\/entries\//, "bundle-altered"],
] as const) {
  test(`a store that keeps half of what it confirms is found: ${kind}`, async () => {
    await using log = await testLog();
    const lying: ObjectStore = {
      ...log.objects,
      put: (path, content) =>
        log.objects.put(path, file.test(path) ? content.subarray(0, content.length / 2) : content),
    };
    await grow(log, 100);
    const sequencer = log.sequencer(lying);
    await sequencer.round();
    await sequencer.stop();
    assert.ok((await findings(log, log.objects)).every((found) => found === kind));
    assert.ok((await findings(log, log.objects)).length > 0);
    await grow(log, 1);
    const next = log.sequencer();
    await assert.rejects(next.round(), { code: "missing-tile" }, "and nothing is built upon it");
    await next.stop();
  });
}
