import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, lstat, mkdir, readdir, readFile, realpath, rm, unlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { after, test } from "node:test";
import { createDatabase, startEmbeddedPostgres } from "@rempart/database";
import { accountFor } from "../src/embedded/account.ts";
import { makeUsable, usablePrograms } from "../src/embedded/programs.ts";
import { blockedAt, mayEnter } from "../src/embedded/reach.ts";
import { isRoot, scratchDirectory } from "./fixtures/run.ts";

const needsRoot = { skip: !isRoot && "needs root, who must run the server as somebody else" };

/** The installed package, copied by hard links, as npm leaves it without its install script: no links, no execute bits. */
async function unhydratedPackage(mode: number): Promise<string> {
  const { postgres } = await usablePrograms(await accountFor(undefined));
  const native = dirname(dirname(postgres));
  const parent = await scratchDirectory(mode);
  const copy = join(parent, "package", "native");
  await mkdir(dirname(copy), { recursive: true });
  execFileSync("cp", ["-a", native, copy]);
  const links: { target: string }[] = JSON.parse(await readFile(join(copy, "pg-symlinks.json"), "utf8"));
  for (const { target } of links) await unlink(resolve(dirname(copy), target));
  for (const name of await readdir(join(copy, "bin"))) await chmod(join(copy, "bin", name), 0o644);
  return copy;
}

function versionOf(program: string, account: { uid: number; gid: number }): string {
  return execFileSync(program, ["--version"], { encoding: "utf8", cwd: "/", ...(isRoot ? account : {}) });
}

test("programs whose install script was not run are made whole", async () => {
  const account = await accountFor(undefined);
  const root = await unhydratedPackage(0o755);
  const { postgres, initdb } = await makeUsable({ root, version: "test" }, account);
  assert.ok(postgres.startsWith(root));
  assert.match(versionOf(postgres, account), /PostgreSQL\) 18/);
  assert.match(versionOf(initdb, account), /PostgreSQL\) 18/);
});

test(
  "programs below a private home are copied to where the server's account can run them",
  needsRoot,
  async () => {
    const account = await accountFor(undefined);
    const version = `test-${process.pid}`;
    const copy = join("/var/lib/rempart", `postgresql-${version}`);
    after(() => rm(copy, { recursive: true, force: true }));
    const root = await unhydratedPackage(0o700);
    const all = await Promise.all([1, 2].map(() => makeUsable({ root, version }, account)));
    for (const { postgres } of all) {
      assert.equal(postgres, join(copy, "native", "bin", "postgres"));
      assert.match(versionOf(postgres, account), /PostgreSQL\) 18/);
    }
    const left = (await readdir("/var/lib/rempart")).filter((name) =>
      name.startsWith(`postgresql-${version}`),
    );
    assert.deepEqual(left, [`postgresql-${version}`]);
  },
);

test(
  "a directory below a private home becomes a link to one the server's account can reach",
  needsRoot,
  async () => {
    const home = await scratchDirectory(0o700);
    const directory = join(home, "checkout", ".rempart", "postgres");
    const first = await startEmbeddedPostgres({ directory, durable: false });
    const place = await realpath(directory);
    after(() => rm(place, { recursive: true, force: true }));
    assert.ok((await lstat(directory)).isSymbolicLink());
    assert.ok(place.startsWith("/var/lib/rempart/postgres-"));
    await first.stop();
    const second = await startEmbeddedPostgres({ directory, durable: false });
    const database = createDatabase({ url: second.url });
    await database.ping();
    await database.close();
    await second.stop();
    assert.equal(await realpath(directory), place);
  },
);

test("data that became unreachable are told, not replaced by an empty database", needsRoot, async () => {
  const home = await scratchDirectory();
  const directory = join(home, "postgres");
  await (await startEmbeddedPostgres({ directory, durable: false })).stop();
  await chmod(home, 0o700);
  await assert.rejects(startEmbeddedPostgres({ directory }), (error: { code: string; message: string }) => {
    assert.equal(error.code, "wrong-owner");
    assert.ok(error.message.includes(`may not enter ${home}`));
    return true;
  });
});

test(
  "a full disk is told in one sentence, and the start succeeds once there is space",
  needsRoot,
  async (t) => {
    const mount = join(await scratchDirectory(), "small");
    await mkdir(mount, { mode: 0o755 });
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=12m,mode=0755", "tmpfs", mount], { stdio: "ignore" });
    } catch {
      return t.skip("this machine does not let root mount a file system");
    }
    try {
      const directory = join(mount, "postgres");
      await assert.rejects(startEmbeddedPostgres({ directory, durable: false }), {
        code: "disk-full",
        message: "The disk is full: free some space and start again",
      });
      execFileSync("mount", ["-o", "remount,size=400m", mount]);
      await (await startEmbeddedPostgres({ directory, durable: false })).stop();
      execFileSync("mount", ["-o", "remount,ro", mount]);
      await assert.rejects(startEmbeddedPostgres({ directory, durable: false }), { code: "read-only" });
    } finally {
      execFileSync("umount", [mount]);
    }
  },
);

test("permission bits are read as the system reads them: one class, the first that fits", async () => {
  const directory = { uid: 10, gid: 20 };
  assert.ok(mayEnter({ ...directory, mode: 0o700 }, { uid: 10, gid: 1 }));
  assert.ok(!mayEnter({ ...directory, mode: 0o077 }, { uid: 10, gid: 20 }));
  assert.ok(!mayEnter({ ...directory, mode: 0o701 }, { uid: 1, gid: 20 }));
  assert.ok(mayEnter({ ...directory, mode: 0o701 }, { uid: 1, gid: 1 }));
  assert.ok(mayEnter({ ...directory, mode: 0o000 }, { uid: 0, gid: 0 }));
  const open = await scratchDirectory(0o755);
  assert.equal(await blockedAt(open, { uid: 65_534, gid: 65_534 }), undefined);
});
