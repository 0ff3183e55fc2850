import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  EXIT_ABSENT,
  EXIT_DONE,
  EXIT_FAILED,
  EXIT_STOP,
  listenForCommands,
  stopUnlessAnswered,
} from "./socket.ts";

const scratch = await mkdtemp(join(tmpdir(), "rempart-socket-"));
after(() => rm(scratch, { recursive: true, force: true }));
const own = { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 };

const ANSWERS: Readonly<Record<string, number>> = { good: EXIT_DONE, absent: EXIT_ABSENT };

/** As PostgreSQL does: placeholders filled in, then the shell. */
function runAs(command: string, file: string): Promise<number> {
  const text = command.replaceAll(/%[%fp]/g, (sign) => (sign === "%%" ? "%" : file));
  return new Promise((resolve) => {
    execFile("/bin/sh", ["-c", text], (error) => resolve(error === null ? 0 : Number(error.code)));
  });
}

test("the client ends with the answer, and with its silence code when nobody answers", async () => {
  const folder = await mkdtemp(join(scratch, "it's 100% $(a) "));
  const asked: string[][] = [];
  const socket = await listenForCommands(folder, "archive", own, async (words) => {
    asked.push([...words]);
    return ANSWERS[words[1] ?? ""] ?? EXIT_STOP;
  });
  const archive = socket.command(EXIT_FAILED, "archive", "%f");
  const restore = stopUnlessAnswered(socket.command(EXIT_STOP, "restore", "%f", "%p"));
  assert.equal(await runAs(archive, "good"), EXIT_DONE);
  assert.equal(await runAs(restore, "good"), EXIT_DONE);
  assert.equal(await runAs(restore, "absent"), 1);
  assert.equal(await runAs(restore, "bad"), EXIT_STOP);
  assert.deepEqual(asked[3], ["restore", "bad", "bad"]);
  assert.equal((await stat(join(folder, "archive.sock"))).mode & 0o777, 0o600);
  await socket.close();
  assert.equal(await runAs(archive, "good"), EXIT_FAILED);
  // The client is gone with its owner: Node then ends with 1, which must not be taken for the end of the log.
  assert.equal(await runAs(restore, "absent"), EXIT_STOP);
});

test("a process that dies while it is asked has not answered", async () => {
  const folder = await mkdtemp(join(scratch, "dying-"));
  const socket = await listenForCommands(folder, "restore", own, () => new Promise(() => {}));
  const restore = runAs(socket.command(EXIT_STOP, "restore", "%f", "%p"), "x");
  await new Promise((resolve) => setTimeout(resolve, 300));
  await socket.close();
  assert.equal(await restore, EXIT_STOP);
});

test("a request without end is cut off, and the next one is served", async () => {
  const folder = await mkdtemp(join(scratch, "flood-"));
  let answered = 0;
  const socket = await listenForCommands(folder, "archive", own, async () => {
    answered += 1;
    return EXIT_DONE;
  });
  const flood = connect(join(folder, "archive.sock"));
  flood.on("error", () => {});
  flood.write("x".repeat(100_000));
  await new Promise((resolve) => flood.once("close", resolve));
  assert.equal(answered, 0);
  assert.equal(await runAs(socket.command(EXIT_FAILED, "archive", "%f"), "x"), EXIT_DONE);
  await socket.close();
});
