import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { removeAbandonedDrills } from "./throw-away-place.ts";

test("what a killed drill left goes, what one that runs has and what others have stays", async () => {
  const scratch = await mkdtemp(join(tmpdir(), "rempart-drills-"));
  const [place, link] = [join(scratch, "place"), join(scratch, "link")];
  const gone = spawn(process.execPath, ["--version"], { stdio: "ignore" });
  await once(gone, "exit");
  const left = `drill-${gone.pid}`;
  const others = [`drill-${process.pid}`, "something"];
  for (const name of [left, ...others]) await mkdir(join(place, name, "data"), { recursive: true });
  await symlink(place, link);
  await removeAbandonedDrills(link);
  assert.ok((await readdir(place)).includes(left));
  await removeAbandonedDrills(place);
  await removeAbandonedDrills(join(scratch, "nowhere"));
  assert.deepEqual((await readdir(place)).toSorted(), others.toSorted());
  await rm(scratch, { recursive: true });
});
