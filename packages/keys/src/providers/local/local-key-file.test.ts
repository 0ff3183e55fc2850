import assert from "node:assert/strict";
import {
  chmod,
  chown,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { inspect } from "node:util";
import { equalBytes, hasCode } from "@rempart/kernel";
import fc from "fast-check";
import { providerContract } from "../../../test/provider-contract.ts";
import { decodeKeySet } from "./format.ts";
import { localKeyFile } from "./local-key-file.ts";

const root = await mkdtemp(join(tmpdir(), "rempart-key-file-"));
after(() => rm(root, { recursive: true }));

let files = 0;
const newPath = (): string => {
  files += 1;
  return join(root, String(files), "keys.json");
};

const signal = new AbortController().signal;
const dataKey = new Uint8Array(32).fill(7);

const [shared, other] = [newPath(), newPath()];
providerContract("local key file", {
  open: () => localKeyFile(shared),
  openOther: () => localKeyFile(other),
});

async function made(): Promise<string> {
  const path = newPath();
  await localKeyFile(path).wrap(dataKey, signal);
  return path;
}

test("the file is made on first use, for its owner alone, and nothing else is left behind", async () => {
  const path = await made();
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.equal((await stat(join(path, ".."))).mode & 0o777, 0o700);
  assert.deepEqual(await readdir(join(path, "..")), ["keys.json"]);
});

test("many who start at once get one key", async () => {
  const path = newPath();
  const wrapped = await Promise.all(
    Array.from({ length: 20 }, () => localKeyFile(path).wrap(dataKey, signal)),
  );
  for (const one of wrapped) assert.ok(equalBytes(await localKeyFile(path).unwrap(one, signal), dataKey));
  assert.deepEqual(await readdir(join(path, "..")), ["keys.json"]);
});

for (const mode of [0o640, 0o604, 0o660, 0o666, 0o610, 0o601, 0o777]) {
  test(`a file of mode ${mode.toString(8)} is refused`, async () => {
    const path = await made();
    await chmod(path, mode);
    await assert.rejects(localKeyFile(path).wrap(dataKey, signal), { code: "key-file-unsafe" });
  });
}

test("a file of another account is refused", {
  skip: process.getuid?.() !== 0 && "only root can give files away",
}, async () => {
  const path = await made();
  await chown(path, 65_534, 65_534);
  await assert.rejects(localKeyFile(path).wrap(dataKey, signal), { code: "key-file-unsafe" });
});

test("a symbolic link and a directory are refused", async () => {
  const [target, link] = [await made(), newPath()];
  await symlink(target, join(root, "link.json"));
  await assert.rejects(localKeyFile(join(root, "link.json")).wrap(dataKey, signal), {
    code: "key-file-unsafe",
  });
  await localKeyFile(link).versions();
  await assert.rejects(localKeyFile(join(link, "..")).wrap(dataKey, signal), { code: "key-file-unsafe" });
});

test("a damaged file is refused and left alone: a new key would lose everything", async () => {
  const path = await made();
  const text = await readFile(path, "utf8");
  const half = text.slice(0, text.length >> 1);
  for (const broken of [
    "",
    "{}",
    "null",
    "[]",
    half,
    text.replace("rempart-keys-1", "rempart-keys-2"),
    " ".repeat(70_000),
  ]) {
    await writeFile(path, broken);
    await assert.rejects(localKeyFile(path).wrap(dataKey, signal), { code: "key-file-damaged" });
    assert.equal(await readFile(path, "utf8"), broken);
  }
  await truncate(path, 0);
});

test("any damage to the text is an error of ours that does not repeat it", async () => {
  const text = await readFile(await made(), "utf8");
  const key = /"key": "([\w-]+)"/.exec(text)?.[1] as string;
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.string({ maxLength: 3 }), (at, noise) => {
      try {
        decodeKeySet(text.slice(0, at) + noise + text.slice(at + 1));
      } catch (error) {
        assert.ok(hasCode(error, "key-file-damaged"), inspect(error));
        assert.ok(!inspect(error).includes(key.slice(0, 12)));
      }
    }),
    { numRuns: 500 },
  );
});

test("after a rotation new keys are wrapped with the new version, and old ones still unwrap", async () => {
  const path = await made();
  const [here, elsewhere] = [localKeyFile(path), localKeyFile(path)];
  const old = await here.wrap(dataKey, signal);
  assert.equal(await elsewhere.rotate(), "2");
  const young = await here.wrap(dataKey, signal);
  assert.deepEqual([old.version, young.version], ["1", "2"]);
  for (const wrapped of [old, young]) assert.ok(equalBytes(await here.unwrap(wrapped, signal), dataKey));
  await assert.rejects(here.unwrap({ ...old, version: "2" }, signal), { code: "provider-refused" });
  const versions = await here.versions();
  assert.deepEqual(
    versions.map(({ version, current }) => [version, current]),
    [
      ["1", false],
      ["2", true],
    ],
  );
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test("a destroyed version opens nothing any more; the one in use cannot be destroyed", async () => {
  const file = localKeyFile(await made());
  const old = await file.wrap(dataKey, signal);
  await assert.rejects(file.destroy("1"), { code: "key-version-refused" });
  await file.rotate();
  await assert.rejects(file.destroy("7"), { code: "key-version-refused" });
  await file.destroy("1");
  await assert.rejects(file.unwrap(old, signal), { code: "provider-refused" });
  assert.equal(await file.rotate(), "3", "a number is not given out again");
});

test("of many rotations at once none is lost: those that come in the way are told to wait", async () => {
  const path = await made();
  const results = await Promise.allSettled(Array.from({ length: 10 }, () => localKeyFile(path).rotate()));
  const done = results.filter(({ status }) => status === "fulfilled").length;
  for (const result of results) {
    if (result.status === "rejected")
      assert.ok(hasCode(result.reason, "key-file-busy"), inspect(result.reason));
  }
  assert.ok(done >= 1);
  assert.equal((await localKeyFile(path).versions()).length, 1 + done);
  assert.deepEqual(await readdir(join(path, "..")), ["keys.json"]);
});

test("a lock left by a process that ended is named in the error, and nothing is changed under it", async () => {
  const path = await made();
  await writeFile(`${path}.lock`, "");
  await assert.rejects(
    localKeyFile(path).rotate(),
    (error) => hasCode(error, "key-file-busy") && error.message.includes(`${path}.lock`),
  );
  assert.equal((await localKeyFile(path).versions()).length, 1);
});
