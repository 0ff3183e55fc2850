import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join, relative, sep } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

/** The built web client, whole in memory: a request is a look-up, and no path reaches the file system. */
export interface WebClient {
  /** False when the client has not been built: a page says so. */
  readonly built: boolean;
  /** Sources for the Content Security Policy: hashes of what stands inline in the page. */
  readonly scriptHashes: readonly string[];
  readonly styleHashes: readonly string[];
  serve(request: IncomingMessage, response: ServerResponse, path: string): void;
}

interface Asset {
  readonly type: string;
  readonly etag: string;
  readonly cache: string;
  readonly identity: Buffer;
  readonly br: Buffer | null;
  readonly gzip: Buffer | null;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".webmanifest": "application/manifest+json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".webp": "image/webp",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".wasm": "application/wasm",
  ".txt": "text/plain; charset=utf-8",
};
const COMPRESSIBLE = new Set([
  ".html",
  ".js",
  ".mjs",
  ".css",
  ".json",
  ".webmanifest",
  ".svg",
  ".txt",
  ".map",
  ".wasm",
]);
/** The build tool puts a hash of the content into these names: they never change. */
const IMMUTABLE = "public, max-age=31536000, immutable";
const REVALIDATE = "no-cache";
/** The page names the assets of one build: a kept copy would ask for those of the last. */
const NO_STORE = "no-store";

export async function loadWebClient(directory: string): Promise<WebClient> {
  const assets = await loadAssets(directory);
  const index = assets.get("/index.html") ?? null;
  const page = index?.identity.toString() ?? "";
  return {
    built: index !== null,
    scriptHashes: inlineHashes(page, "script"),
    styleHashes: inlineHashes(page, "style"),
    serve(request, response, path) {
      const asset = assets.get(path) ?? (isPage(path) ? index : undefined);
      if (asset === null) return answerText(response, 503, NOT_BUILT);
      if (asset === undefined) return answerText(response, 404, "Not found");
      answerAsset(request, response, asset);
    },
  };
}

const NOT_BUILT =
  "The web client has not been built. Run `npm start`, or build apps/messenger/web, then start again.";

/** The client's own addresses have no file extension: they all get the page. */
function isPage(path: string): boolean {
  return extname(path) === "" && !path.startsWith("/assets/");
}

async function loadAssets(directory: string): Promise<Map<string, Asset>> {
  const assets = new Map<string, Asset>();
  const files = await listFiles(directory);
  for (const file of files) {
    if (isCompressedTwin(file, files)) continue;
    const path = `/${relative(directory, file).split(sep).join("/")}`;
    assets.set(path, await loadAsset(file, path, files));
  }
  return assets;
}

async function listFiles(directory: string): Promise<Set<string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  return new Set(
    entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)),
  );
}

function isCompressedTwin(file: string, files: ReadonlySet<string>): boolean {
  const extension = extname(file);
  return (extension === ".br" || extension === ".gz") && files.has(file.slice(0, -extension.length));
}

async function loadAsset(file: string, path: string, files: ReadonlySet<string>): Promise<Asset> {
  const identity = await readFile(file);
  const extension = extname(file);
  const compress = COMPRESSIBLE.has(extension) && identity.length > 256;
  return {
    type: TYPES[extension] ?? "application/octet-stream",
    etag: `"${createHash("sha256").update(identity).digest("base64url").slice(0, 22)}"`,
    cache: cacheOf(path),
    identity,
    br: compress ? await twin(`${file}.br`, files, () => brotli(identity)) : null,
    gzip: compress ? await twin(`${file}.gz`, files, () => promisify(gzip)(identity, { level: 9 })) : null,
  };
}

function cacheOf(path: string): string {
  if (path === "/index.html") return NO_STORE;
  return path.startsWith("/assets/") ? IMMUTABLE : REVALIDATE;
}

function twin(file: string, files: ReadonlySet<string>, make: () => Promise<Buffer>): Promise<Buffer> {
  return files.has(file) ? readFile(file) : make();
}

/** The build compresses better; this serves a client that was built without. */
function brotli(identity: Buffer): Promise<Buffer> {
  return promisify(brotliCompress)(identity, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } });
}

function answerAsset(request: IncomingMessage, response: ServerResponse, asset: Asset): void {
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("Allow", "GET, HEAD");
    answerText(response, 405, "Method not allowed");
    return;
  }
  const headers = { ETag: asset.etag, "Cache-Control": asset.cache, Vary: "Accept-Encoding" };
  if (request.headers["if-none-match"] === asset.etag) {
    response.writeHead(304, headers);
    response.end();
    return;
  }
  const [body, encoding] = negotiate(request, asset);
  response.writeHead(200, {
    ...headers,
    "Content-Type": asset.type,
    "Content-Length": body.length,
    ...(encoding === null ? {} : { "Content-Encoding": encoding }),
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

function negotiate(request: IncomingMessage, asset: Asset): [Buffer, string | null] {
  const accepted = String(request.headers["accept-encoding"] ?? "");
  if (asset.br !== null && /(^|[\s,])br\s*($|,|;(?!\s*q=0(\.0*)?\s*($|,)))/.test(accepted))
    return [asset.br, "br"];
  if (asset.gzip !== null && /(^|[\s,])gzip\s*($|,|;(?!\s*q=0(\.0*)?\s*($|,)))/.test(accepted)) {
    return [asset.gzip, "gzip"];
  }
  return [asset.identity, null];
}

function answerText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": NO_STORE });
  response.end(text);
}

/** `'sha256-…'` for each inline element of this name (CSP 3, section 6.7.3.3). */
export function inlineHashes(page: string, element: "script" | "style"): string[] {
  const inline = new RegExp(`<${element}(?![^>]*\\ssrc=)[^>]*>([\\s\\S]*?)</${element}>`, "gi");
  const bodies = Array.from(page.matchAll(inline), (match) => match[1] ?? "");
  return [...new Set(bodies.map((body) => `'sha256-${createHash("sha256").update(body).digest("base64")}'`))];
}
