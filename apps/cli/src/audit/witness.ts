import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import type { Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import {
  directoryStore,
  MAX_WITNESS_REQUEST_BYTES,
  nodePrimitives,
  Witness,
  witnessStore,
} from "@rempart/audit";
import { formatVerifierKey, parseVerifierKey, type VerifierKey, verifierKey } from "@rempart/audit/verify";
import { createEdge, EDGE_PROBLEMS, type Exchange } from "@rempart/edge";
import { createEdgeServer } from "@rempart/edge/node";
import { explain, systemClock } from "@rempart/kernel";
import { Command, InvalidArgumentError } from "commander";
import { say } from "../report.ts";

interface WitnessOptions {
  readonly log: VerifierKey[];
  readonly name: string;
  readonly directory: string;
  readonly listen: string;
}

/** The raw key is the end of its SubjectPublicKeyInfo (RFC 8410, section 4). */
const RAW_KEY_BYTES = 32;
const LIMIT_PER_MINUTE = 600;

export function witnessCommand(): Command {
  return new Command("witness")
    .description(
      "cosign what only grew, as a process of its own, best on another machine under another administrator",
    )
    .requiredOption("--log <key...>", "keys of the logs to watch, from `rempart audit keys`", logKeys)
    .option("--name <name>", "what the witness is called in its signatures", "rempart-witness")
    .option("--directory <path>", "where it keeps its key and what it has seen", ".rempart-witness")
    .option("--listen <address>", "where to listen", "127.0.0.1:3002")
    .action(serveWitness);
}

function logKeys(text: string, before: VerifierKey[] = []): VerifierKey[] {
  const key = parseVerifierKey(nodePrimitives.sha256, text);
  if (key === null || key.kind !== "log")
    throw new InvalidArgumentError("Expected a log's key, as `rempart audit keys` prints it.");
  return [...before, key];
}

async function serveWitness({ log, name, directory, listen }: WitnessOptions): Promise<void> {
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(listen) ?? [];
  if (host === undefined || port === undefined) {
    process.stderr.write("--listen expects an address and a port\n");
    process.exitCode = 1;
    return;
  }
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const privateKey = await openKey(join(directory, "key.pem"));
  const publicKey = createPublicKey(privateKey)
    .export({ format: "der", type: "spki" })
    .subarray(-RAW_KEY_BYTES);
  const key = verifierKey(nodePrimitives.sha256, { name, kind: "witness", publicKey });
  const witness = new Witness({
    key,
    sign: (message) => sign(null, message, privateKey),
    logs: [...new Set(log.map((one) => one.name))].map((origin) => ({
      origin,
      keys: log.filter((one) => one.name === origin),
    })),
    store: witnessStore(directoryStore(directory), nodePrimitives.sha256),
    primitives: nodePrimitives,
    clock: systemClock,
    onFork: ({ origin, claimed, seen, note }) => {
      process.stderr.write(
        `FORK: ${origin} shows a head of ${claimed.size} entries that does not follow from the ${seen.size} it showed before:\n${Buffer.from(note)}`,
      );
    },
  });
  const server = witnessServer(witness);
  server.listen(Number(port), host);
  await once(server, "listening");
  say(formatVerifierKey(key));
  process.stderr.write(`Witness   http://${host}:${(server.address() as AddressInfo).port}\n`);
  const end = (): void => void server.close();
  process.once("SIGINT", end);
  process.once("SIGTERM", end);
  await once(server, "close");
}

/** Made on the first start; two that start at once do not both make one. */
async function openKey(path: string): Promise<KeyObject> {
  const { privateKey } = generateKeyPairSync("ed25519");
  const pem = privateKey.export({ format: "pem", type: "pkcs8" });
  try {
    await writeFile(path, pem, { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return createPrivateKey(await readFile(path));
}

function witnessServer(witness: Witness): Server {
  const edge = createEdge({
    preset: "api",
    // Asked by logs, not by pages.
    csrf: false,
    limits: { bodyBytes: MAX_WITNESS_REQUEST_BYTES },
    rateLimit: { policies: [{ name: "address", limit: LIMIT_PER_MINUTE, windowSeconds: 60 }] },
  });
  return createEdgeServer(edge, {
    async handler(request, response, context) {
      if (request.method !== "POST" || request.url !== "/add-checkpoint") {
        const { status, body } = edge.problem(context as Exchange, EDGE_PROBLEMS.notFound);
        return answer(response, status, "application/problem+json", body);
      }
      const body = Buffer.concat(await request.toArray());
      const { status, contentType, body: text } = await witness.addCheckpoint(body).catch(unable);
      answer(response, status, contentType, text);
    },
  });
}

/** What it has seen cannot be read or written: cosigning anything would be worse than cosigning nothing. */
function unable(error: unknown): { status: number; contentType: string; body: string } {
  process.stderr.write(`cannot witness: ${explain(error)}\n`);
  return { status: 503, contentType: "text/plain; charset=utf-8", body: "cannot witness now\n" };
}

function answer(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { "Content-Type": contentType, "Cache-Control": "no-store" }).end(body);
}
