import { utf8 } from "@rempart/kernel";
import type { Logger } from "@rempart/runtime";
import { nodePrimitives } from "../node-primitives.ts";
import { formatNote } from "../note/note.ts";
import type { ObjectStore } from "../ports.ts";
import type { TreeHash } from "../tree/hash.ts";
import { type Cosigned, type WitnessAddress, WitnessClient } from "../witness/client.ts";
import { logObjects } from "./objects.ts";
import type { LogSigner, SignedHead } from "./publish.ts";
import { LogReader } from "./reader.ts";

interface CosignersOptions {
  readonly hash: TreeHash;
  readonly objects: ObjectStore;
  readonly signer: LogSigner;
  readonly log: Logger;
  readonly witnesses?: readonly WitnessAddress[];
  readonly witnessBudgetMs?: number;
  readonly onFork?: (witness: string, detail: string) => void;
}

const DEFAULT_BUDGET_MS = 800;

/** The witnesses of a log. Their silence delays a head by a bounded time, and is logged when it begins and when it ends. */
export class Cosigners {
  readonly #options: CosignersOptions;
  readonly #clients: readonly WitnessClient[];
  readonly #silent = new Set<string>();

  constructor(options: CosignersOptions) {
    this.#options = options;
    const { verifyEd25519 } = nodePrimitives;
    const reader = new LogReader(logObjects(options.objects, options.signer.generation), options.hash);
    const consistency = reader.consistency.bind(reader);
    this.#clients = (options.witnesses ?? []).map(
      (address) => new WitnessClient({ ...address, verifyEd25519, consistency }),
    );
  }

  /** The head with the cosignatures that came in time; null when none did. */
  async cosign(head: SignedHead): Promise<SignedHead | null> {
    if (this.#clients.length === 0) return null;
    const bytes = utf8(formatNote(head.note));
    const signal = AbortSignal.timeout(this.#options.witnessBudgetMs ?? DEFAULT_BUDGET_MS);
    const answers = await Promise.all(
      this.#clients.map(async (client) =>
        this.#heard(client.name, await client.cosign(bytes, head.size, signal)),
      ),
    );
    const cosignatures = answers.flatMap((answer) => (answer.ok ? answer.signatures : []));
    if (cosignatures.length === 0) return null;
    const note = { ...head.note, signatures: [...head.note.signatures, ...cosignatures] };
    return { ...head, note };
  }

  #heard(name: string, answer: Cosigned): Cosigned {
    const { log, onFork } = this.#options;
    if (answer.ok) {
      if (this.#silent.delete(name)) log.info({ witness: name }, "the witness cosigns again");
      return answer;
    }
    const { failure, detail } = answer;
    if (failure === "fork") onFork?.(name, detail);
    if (!this.#silent.has(name)) log.warn({ witness: name, failure, detail }, "the witness does not cosign");
    this.#silent.add(name);
    return answer;
  }
}
