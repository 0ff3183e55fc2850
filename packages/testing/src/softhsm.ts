import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { requireService } from "./services.ts";

const run = promisify(execFile);

export interface TestToken extends AsyncDisposable {
  /** Path of the PKCS#11 module. It finds the tokens by `SOFTHSM2_CONF`, which is set for this process. */
  module: string;
  /** The token's label. */
  token: string;
  /** Label of a second token, with the same PIN. */
  otherToken: string;
  pin: string;
  /** As if the tokens were pulled out. */
  remove(): Promise<void>;
  /** Puts them back, with their keys. */
  insert(): Promise<void>;
}

/** Where Debian, Fedora and Homebrew put it. */
const MODULES = [
  "/usr/lib/softhsm/libsofthsm2.so",
  "/usr/lib64/pkcs11/libsofthsm2.so",
  "/opt/homebrew/lib/softhsm/libsofthsm2.so",
  "/usr/local/lib/softhsm/libsofthsm2.so",
];

const TOKENS = ["rempart", "rempart-other"] as const;
const PIN = "934217";

/**
 * Two software tokens of one's own, by SoftHSM2: one at a time in a process. Ask `requireService("softhsm2-util")` first whether there is
 * one.
 */
export async function startSoftHsm(): Promise<TestToken> {
  const { path, skip } = await requireService("softhsm2-util");
  const module = MODULES.find(existsSync);
  if (path === undefined || module === undefined) throw new Error(skip || "SoftHSM2 has no module here");
  const directory = await mkdtemp(join(tmpdir(), "rempart-softhsm-"));
  const tokens = join(directory, "tokens");
  const away = join(directory, "away");
  const configuration = join(directory, "softhsm2.conf");
  await mkdir(tokens);
  await writeFile(
    configuration,
    `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`,
  );
  process.env.SOFTHSM2_CONF = configuration;
  for (const label of TOKENS)
    await run(path, ["--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "00000000"]);
  return {
    module,
    token: TOKENS[0],
    otherToken: TOKENS[1],
    pin: PIN,
    async remove() {
      await rename(tokens, away);
      await mkdir(tokens);
    },
    async insert() {
      await rm(tokens, { recursive: true });
      await rename(away, tokens);
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}
