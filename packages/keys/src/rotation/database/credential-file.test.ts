import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Secret } from "@rempart/runtime";
import { credentialFile } from "./credential-file.ts";

const scratch = await mkdtemp(join(tmpdir(), "rempart-credentials-"));
after(() => rm(scratch, { recursive: true }));

test("an address is replaced as a whole, readable by its owner alone, and nothing else is left", async () => {
  const path = join(scratch, "url");
  await writeFile(path, "postgres://a:first@h/d\n", { mode: 0o644 });
  const store = credentialFile(path);
  assert.equal((await store.read()).reveal(), "postgres://a:first@h/d");
  let reading = true;
  const seen = new Set<string>();
  const reader = (async () => {
    while (reading) seen.add((await store.read()).reveal());
  })();
  for (let i = 0; i < 50; i += 1) await store.write(new Secret(`postgres://a:${"x".repeat(3_000)}${i}@h/d`));
  reading = false;
  await reader;
  for (const url of seen) assert.match(url, /^postgres:\/\/a:(first|x{3000}\d+)@h\/d$/);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(scratch), ["url"]);
});

test("a draft that a crash left behind, open to others, is not written into as it is", async () => {
  const path = join(scratch, "left");
  await writeFile(`${path}.${process.pid}.new`, "half", { mode: 0o666 });
  await credentialFile(path).write(new Secret("postgres://a:b@h/d"));
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test("a file that cannot be read is a missing secret, and the one that cannot be written is told", async () => {
  await assert.rejects(credentialFile(join(scratch, "none")).read(), { code: "secret-missing" });
  await assert.rejects(credentialFile(join(scratch, "no", "folder")).write(new Secret("x")));
});
