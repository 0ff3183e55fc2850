import assert from "node:assert/strict";
import { link, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { listenForCommands } from "./socket.ts";

test("what a killed start left is replaced and not written over: its owner may only read it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "rempart-socket-"));
  const { uid, gid } = userInfo();
  const left = join(folder, "archive.mjs");
  await writeFile(left, "left behind", { mode: 0o400 });
  await writeFile(join(folder, "archive.sock"), "");
  // Another name of the same file: writing over it would show there.
  const same = join(folder, "same");
  await link(left, same);
  const socket = await listenForCommands(folder, "archive", { uid, gid }, async () => 0);
  try {
    assert.equal(await readFile(same, "utf8"), "left behind");
    assert.doesNotMatch(await readFile(left, "utf8"), /left behind/);
  } finally {
    await socket.close();
    await rm(folder, { recursive: true });
  }
});
