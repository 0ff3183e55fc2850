/** Fuzzes the `node` adapter over real sockets: whatever arrives, every answer is well-formed, hardened, and no failure of ours. */
import { connect } from "node:net";
import { unsafeSeededRandom } from "@rempart/kernel";
import type { Outcome } from "../../src/ports.ts";
import { SECURITY_HEADERS } from "../hardened.ts";
import { type Answer, readAnswers } from "./answers.ts";
import { connectionBytes, Dice, FORGED } from "./requests.ts";
import { startServer } from "./server.ts";

export interface CampaignOptions {
  readonly seed: number;
  /** How many requests to send, at least. */
  readonly requests: number;
  readonly lanes?: number;
}

export interface Tally {
  connections: number;
  requests: number;
  /** Answers by status; `0` counts connections closed without one. */
  readonly statuses: Map<number, number>;
}

const PATIENCE_MS = 10_000;
/** Every header that an answer here may have. */
const KNOWN = new Set([
  ...SECURITY_HEADERS,
  ..."ratelimit ratelimit-policy x-ratelimit-limit x-ratelimit-remaining x-ratelimit-reset retry-after".split(
    " ",
  ),
  ..."access-control-allow-origin access-control-allow-credentials access-control-expose-headers".split(" "),
  ..."access-control-allow-methods access-control-allow-headers access-control-max-age".split(" "),
  ..."connection keep-alive date content-length transfer-encoding content-type cache-control".split(" "),
  ..."vary set-cookie location allow deprecation x-client".split(" "),
]);

/** Throws at the first thing that is wrong, with the seed, the number of the connection, and what it sent. */
export async function campaign({ seed, requests, lanes = 32 }: CampaignOptions): Promise<Tally> {
  const dice = new Dice(unsafeSeededRandom(seed));
  const tally: Tally = { connections: 0, requests: 0, statuses: new Map() };
  const ledger = new Ledger();
  const servers = await Promise.all([
    startServer("x-forwarded-for", ledger.settled),
    startServer("forwarded", ledger.settled),
  ]);
  const lane = async (): Promise<void> => {
    while (tally.requests < requests) {
      const sent = connectionBytes(dice);
      const number = tally.connections;
      tally.connections += 1;
      tally.requests += sent.requests;
      const port = dice.pick(servers).port;
      const cut = dice.chance(20) ? dice.int(sent.bytes.length + 1) : null;
      try {
        check(await exchange(port, sent.bytes, cut), sent.bytes, tally, ledger);
      } catch (error) {
        const said = JSON.stringify(sent.bytes.toString("latin1"));
        throw new Error(`seed ${seed}, connection ${number}: ${said}`, { cause: error });
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: lanes }, lane));
    await ledger.balance();
  } finally {
    for (const server of servers) server.close();
  }
  return tally;
}

/** Sends the bytes, in two parts where a cut is given, ends the sending half, and reads to the end. */
function exchange(port: number, bytes: Buffer, cut: number | null): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.setTimeout(PATIENCE_MS, () =>
      socket.destroy(new Error(`the connection stays open after ${text}`)),
    );
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      // The server may well be done with a connection before all is sent.
      if (error.code !== "ECONNRESET" && error.code !== "EPIPE") reject(error);
    });
    socket.on("close", () => resolve(text));
    if (cut === null) socket.end(bytes);
    else {
      socket.write(bytes.subarray(0, cut));
      setImmediate(() => socket.end(bytes.subarray(cut)));
    }
  });
}

function check(text: string, sent: Buffer, tally: Tally, ledger: Ledger): void {
  const answers = readAnswers(text, sent.includes("HEAD "));
  if (answers.length === 0) count(tally, 0);
  for (const answer of answers) {
    count(tally, answer.status);
    if (answer.status >= 200) checkAnswer(answer, ledger);
  }
}

function count({ statuses }: Tally, status: number): void {
  statuses.set(status, (statuses.get(status) ?? 0) + 1);
}

function checkAnswer({ status, headers }: Answer, ledger: Ledger): void {
  if (status >= 500) throw new Error(`answered ${status}`);
  for (const [name, value] of headers) {
    if (!KNOWN.has(name)) throw new Error(`nobody meant to send ${name}: ${value}`);
    if (name.includes(FORGED.toLowerCase())) throw new Error("a forged header");
  }
  for (const name of SECURITY_HEADERS) {
    const times = headers.filter(([found]) => found === name).length;
    if (times !== 1) throw new Error(`${name} is there ${times} times in an answer ${status}`);
  }
  ledger.answered(headers.find(([name]) => name === "x-request-id")?.[1] as string, status);
}

/** Every answer must be settled with its status. What was cut off on the way is settled too, and answered to nobody. */
class Ledger {
  /** By id and status: how many more were answered than settled. */
  readonly #open = new Map<string, number>();

  readonly settled = ({ requestId, status }: Outcome): void => this.#book(`${requestId} ${status}`, -1);

  answered(requestId: string, status: number): void {
    this.#book(`${requestId} ${status}`, 1);
  }

  /** Waits for what is still on its way; throws for answers nobody was told of. */
  async balance(): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    while (Date.now() < deadline && this.#unsettled().length > 0)
      await new Promise((resolve) => setTimeout(resolve, 5));
    const [first] = this.#unsettled();
    if (first !== undefined) throw new Error(`an answer that no observer was told of: ${first}`);
  }

  #unsettled(): string[] {
    return [...this.#open].filter(([, balance]) => balance > 0).map(([id]) => id);
  }

  #book(key: string, change: number): void {
    const balance = (this.#open.get(key) ?? 0) + change;
    if (balance === 0) this.#open.delete(key);
    else this.#open.set(key, balance);
  }
}
