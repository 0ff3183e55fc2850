import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { getPriority } from "node:os";
import { test } from "node:test";
import { systemRandom } from "@rempart/kernel";
import { onHashThread } from "./hash-threads.ts";
import { argon2Hasher } from "./hasher.ts";
import { turnQueue } from "./queue.ts";

const hasher = argon2Hasher({ memoryKiB: 8, passes: 1, lanes: 1 }, turnQueue(4, 100), systemRandom);

test("a hash proves its password and no other, the decoy none, also many at once", async () => {
  const passwords = Array.from({ length: 20 }, (_, i) => `a tangerine umbrella ${i} é`);
  const hashes = await Promise.all(passwords.map((password) => hasher.hash(password)));
  assert.equal(new Set(hashes).size, 20);
  const proofs = await Promise.all(hashes.map((hash, i) => hasher.verify(hash, passwords[i] ?? "")));
  assert.ok(proofs.every(Boolean));
  const others = await Promise.all(hashes.map((hash, i) => hasher.verify(hash, passwords[i + 1] ?? "")));
  assert.ok(!others.some(Boolean));
  assert.equal(await hasher.verify(hasher.decoy, passwords[0] ?? ""), false);
});

test("a stored text that is no hash is an error of its check, and the next check works", async () => {
  await assert.rejects(hasher.verify("nonsense", "x"));
  assert.equal(await hasher.verify(await hasher.hash("x"), "x"), true);
});

test("the threads that hash give way to everybody else, and the process keeps its priority", {
  skip: process.platform !== "linux" && "priorities belong to processes here",
}, async () => {
  const before = getPriority();
  await onHashThread({ kind: "verify", passwordHash: hasher.decoy, password: new Uint8Array(1) });
  assert.equal(getPriority(), before);
  const niceness = readdirSync("/proc/self/task").map(nicenessOf);
  assert.ok(niceness.includes(before) && niceness.includes(10), String(niceness));
});

/** The nineteenth field of `/proc/<pid>/task/<tid>/stat` (proc_pid_stat(5)). */
function nicenessOf(thread: string): number {
  const stat = readFileSync(`/proc/self/task/${thread}/stat`, "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]);
}
