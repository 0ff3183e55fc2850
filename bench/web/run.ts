/**
 * What the web client costs a browser: bytes over the wire, as the server compresses them, and the time to the first
 * paint, each in a browser context that has cached nothing. The worker loads beside the screen and is counted apart.
 *
 *   npm run bench -- web
 */
import { mkdtempSync, rmSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readMessengerConfig, startMessenger } from "@rempart/messenger-server";
import { type Browser, type BrowserContext, launchBrowser, type Page } from "@rempart/testing/browser";
import { median, type Row, table, writeReport } from "../lib/report.ts";

const ROUNDS = 9;
const AIM_BYTES = 200_000;

interface Transfer {
  readonly path: string;
  readonly bytes: number;
}

interface Load {
  readonly firstPaintMs: number;
  readonly transfers: readonly Transfer[];
}

async function watch(context: BrowserContext): Promise<{ page: Page; transfers: Transfer[] }> {
  const transfers: Transfer[] = [];
  context.on("requestfinished", async (request) => {
    const { responseBodySize } = await request.sizes();
    transfers.push({ path: new URL(request.url()).pathname, bytes: responseBodySize });
  });
  return { page: await context.newPage(), transfers };
}

async function firstLoad(browser: Browser, url: string): Promise<Load> {
  const context = await browser.newContext({ locale: "en-GB" });
  const { page, transfers } = await watch(context);
  await page.goto(url);
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  await page.waitForLoadState("networkidle");
  const firstPaintMs = await page.evaluate<number>(
    "performance.getEntriesByName('first-contentful-paint')[0].startTime",
  );
  await context.close();
  return { firstPaintMs, transfers };
}

type Part = "screen" | "worker" | "fonts" | "other";

/** Bytes by what they are for. The browser does not tell what a worker's script weighed, so that is asked for once more. */
async function split(transfers: readonly Transfer[], origin: string): Promise<Record<Part, number>> {
  const sums: Record<Part, number> = { screen: 0, worker: 0, fonts: 0, other: 0 };
  for (const { path, bytes } of transfers) {
    const part = partOf(path);
    sums[part] += part === "worker" ? await compressedBytes(`${origin}${path}`) : bytes;
  }
  return sums;
}

function partOf(path: string): Part {
  if (path.startsWith("/assets/worker")) return "worker";
  if (path.endsWith(".woff2")) return "fonts";
  return /\.(js|css)$|^\/sign-in$/.test(path) ? "screen" : "other";
}

function compressedBytes(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { "Accept-Encoding": "gzip, deflate, br, zstd" } }, (response) => {
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.on("end", () => resolve(bytes));
    }).on("error", reject);
  });
}

const directory = mkdtempSync(join(tmpdir(), "rempart-bench-"));
const config = readMessengerConfig({
  DATA_DIRECTORY: directory,
  PORT: "0",
  ADMIN_PORT: "0",
  HOST: "127.0.0.1",
  LOG_LEVEL: "silent",
  RATE_LIMIT_MAX: "100000",
});
const messenger = await startMessenger({ config });
const browser = await launchBrowser();
try {
  const url = `${messenger.publicUrl}/sign-in`;
  const loads: Load[] = [];
  for (let round = 0; round < ROUNDS; round += 1) loads.push(await firstLoad(browser, url));
  const sizes = await split((loads[0] as Load).transfers, messenger.publicUrl);
  const kilobytes = (bytes = 0) => (bytes / 1000).toFixed(1);
  const rows: Row[] = [
    ["scripts, styles and page of the first screen", kilobytes(sizes.screen)],
    ["fonts", kilobytes(sizes.fonts)],
    ["worker: encryption, storage, network", kilobytes(sizes.worker)],
    ["everything else", kilobytes(sizes.other)],
  ];
  writeReport("web", "Web client: size and first paint", [
    `First screen (sign in), nothing cached, Chromium, loopback; ${ROUNDS} rounds.`,
    table(["what", "kB over the wire"], rows),
    table(
      ["aim", "measured"],
      [
        [
          `first screen ≤ ${AIM_BYTES / 1000} kB compressed, the worker apart`,
          `${kilobytes(sizes.screen)} kB`,
        ],
        [
          "first contentful paint (recorded, no aim)",
          `${median(loads.map((load) => load.firstPaintMs)).toFixed(0)} ms`,
        ],
      ],
    ),
  ]);
} finally {
  await browser.close();
  await messenger.stop();
  rmSync(directory, { recursive: true, force: true });
}
