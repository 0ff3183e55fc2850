import assert from "node:assert/strict";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Secret } from "@rempart/runtime";
import { fileSecrets } from "../../src/secrets/file.ts";
import { createSecrets } from "../../src/secrets/secrets.ts";

const scratch = await mkdtemp(join(tmpdir(), "rempart-mount-"));
after(() => rm(scratch, { recursive: true }));

/** A volume as the kubelet writes it: the files below a dated directory, `..data` pointing at it, replaced by a rename. */
async function kubernetesMount(name: string) {
  const mount = join(scratch, name);
  let revision = 0;
  await mkdir(mount);
  async function write(values: Readonly<Record<string, string>>): Promise<void> {
    const previous = revision === 0 ? undefined : `..revision-${revision}`;
    revision += 1;
    const directory = `..revision-${revision}`;
    await mkdir(join(mount, directory));
    for (const [file, value] of Object.entries(values)) await writeFile(join(mount, directory, file), value);
    await symlink(directory, join(mount, "..data_tmp"));
    await rename(join(mount, "..data_tmp"), join(mount, "..data"));
    if (previous !== undefined) await rm(join(mount, previous), { recursive: true });
  }
  await write({ password: "first", user: "app" });
  for (const file of ["password", "user"]) await symlink(join("..data", file), join(mount, file));
  return { mount, write };
}

test("a rotated Kubernetes secret reaches its subscriber by the swap alone, long before it goes stale", async () => {
  const { mount, write } = await kubernetesMount("watched");
  using secrets = createSecrets({ provider: fileSecrets(mount), freshMs: 3_600_000 });
  assert.equal((await secrets.get("password")).reveal(), "first");
  const { promise, resolve } = Promise.withResolvers<Secret>();
  using _subscription = secrets.onChange("password", resolve);
  await write({ password: "second", user: "app" });
  assert.equal((await held(promise)).reveal(), "second");
  assert.equal((await secrets.get("password")).reveal(), "second");
});

test("a reader never meets a missing or half-written value while the mount is swapped under it", async () => {
  const { mount, write } = await kubernetesMount("swapped");
  const provider = fileSecrets(mount);
  let swapping = true;
  const read = new Set<string>();
  const reader = (async () => {
    while (swapping) read.add((await provider.read("password")).reveal());
  })();
  for (let i = 0; i < 100; i += 1) await write({ password: `value-${i}`.repeat(200), user: "app" });
  swapping = false;
  await reader;
  const whole = new Set(["first", ...Array.from({ length: 100 }, (_, i) => `value-${i}`.repeat(200))]);
  for (const value of read) assert.ok(whole.has(value), value.slice(0, 40));
  assert.ok(read.size > 1);
});

/** The watcher does not keep the process alive; a test that waits for it must. */
async function held<T>(work: Promise<T>): Promise<T> {
  const timer = setTimeout(() => {}, 30_000);
  return work.finally(() => clearTimeout(timer));
}
