import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { lstat, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface Chromium {
  executable: string;
  /** Variables the program needs besides our own. */
  environment: Record<string, string>;
}

/** Names under which a browser of the Chromium family may be on the PATH where npm brings none (anything but Linux on x64). */
const INSTALLED = ["chromium", "chromium-browser", "google-chrome"];

/** `REMPART_CHROMIUM` when set, else the one from npm, unpacked once per machine user and version, else an installed one. */
export async function locateChromium(): Promise<Chromium> {
  const chosen = process.env.REMPART_CHROMIUM;
  if (chosen) return { executable: chosen, environment: {} };
  if (process.platform === "linux" && process.arch === "x64") return unpacked();
  for (const name of INSTALLED) {
    const found = await run("which", [name]).catch(() => undefined);
    if (found !== undefined) return { executable: found.stdout.trim(), environment: {} };
  }
  throw new Error(
    `There is no Chromium for ${process.platform}-${process.arch}: install one, or set REMPART_CHROMIUM`,
  );
}

async function unpacked(): Promise<Chromium> {
  const home = await unpackOnce();
  const executable = join(home, "chromium");
  const fonts = { FONTCONFIG_PATH: join(home, "fonts") };
  const libraries = { LD_LIBRARY_PATH: join(home, "al2023", "lib") };
  // The libraries that come along are for machines that lack them; the machine's own are newer.
  const environment = (await starts(executable, fonts)) ? fonts : { ...fonts, ...libraries };
  return { executable, environment };
}

function starts(executable: string, environment: Record<string, string>): Promise<boolean> {
  return run(executable, ["--version", "--no-sandbox"], { env: { ...process.env, ...environment } }).then(
    () => true,
    () => false,
  );
}

/**
 * The package unpacks into the temporary directory under fixed names and takes whatever is there already: half a file that
 * another process is still writing, or a program somebody planted. So it unpacks into a scratch directory, in a process
 * whose temporary directory that is, and the whole is moved to a place only we can write.
 */
async function unpackOnce(): Promise<string> {
  const main = fileURLToPath(import.meta.resolve("@sparticuz/chromium"));
  const manifest: { version: string } = JSON.parse(
    await readFile(join(packageRoot(main), "package.json"), "utf8"),
  );
  const cache = join(tmpdir(), `rempart-browsers-${userInfo().uid}`);
  await privateDirectory(cache);
  const home = join(cache, `chromium-${manifest.version}`);
  if (existsSync(home)) return home;
  const scratch = await mkdtemp(`${home}-`);
  try {
    await unpackInto(scratch, main);
    await writeFile(join(scratch, "fonts", "fonts.conf"), fontConfiguration(home));
    await rename(scratch, home).catch(ignoreTaken);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return home;
}

function packageRoot(main: string): string {
  const directory = dirname(main);
  return existsSync(join(directory, "package.json")) ? directory : packageRoot(directory);
}

async function privateDirectory(path: string): Promise<void> {
  await mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  const { uid, mode } = await lstat(path);
  if (uid !== userInfo().uid || (mode & 0o022) !== 0)
    throw new Error(`${path} can be written by others: remove it`);
}

async function unpackInto(directory: string, main: string): Promise<void> {
  const script = "import(process.argv[1]).then(({ default: chromium }) => chromium.executablePath())";
  // This name makes the package unpack its shared libraries too.
  const env = { ...process.env, TMPDIR: directory, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x" };
  await run(process.execPath, ["-e", script, main], { env, maxBuffer: 1 << 20 });
}

/** The package's own configuration names fixed directories; a browser that finds no font at all crashes. */
function fontConfiguration(home: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${home}/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>${home}/fonts-cache</cachedir>
</fontconfig>
`;
}

/** Another process was faster: what it unpacked is as good. */
function ignoreTaken(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
}
