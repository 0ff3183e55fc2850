import { utf8 } from "@rempart/kernel";
import type { Logger } from "@rempart/runtime";
import { nodePrimitives } from "../node-primitives.ts";
import { formatNote } from "../note/note.ts";
import type { ObjectStore } from "../ports.ts";
import type { TreeHash } from "../tree/hash.ts";
import { type Cosigned, type WitnessAddress, WitnessClient, type WitnessFailure } from "../witness/client.ts";
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

/** The newest head, and who has not cosigned it yet. */
interface Due {
  readonly head: SignedHead;
  readonly missing: readonly WitnessClient[];
}

/** The witnesses of a log. Their silence delays a head by a bounded time, and is logged when it begins and when it ends. */
export class Cosigners {
  readonly #options: CosignersOptions;
  readonly #clients: readonly WitnessClient[];
  /** Why a witness did not cosign, as it was told. */
  readonly #failing = new Map<string, WitnessFailure>();
  #due: Due | null = null;

  constructor(options: CosignersOptions) {
    this.#options = options;
    const { verifyEd25519 } = nodePrimitives;
    const reader = new LogReader(logObjects(options.objects, options.signer.generation), options.hash);
    const consistency = reader.consistency.bind(reader);
    this.#clients = (options.witnesses ?? []).map(
      (address) => new WitnessClient({ ...address, verifyEd25519, consistency }),
    );
  }

  /**
   * A head, or again the last one, for witnesses that have not signed it yet: with the cosignatures that it has now. Null when
   * none came that it did not have.
   */
  async cosign(head: SignedHead | null): Promise<SignedHead | null> {
    if (head !== null)
      this.#due = { head, missing: this.#clients.filter((client) => !client.signed(head.note)) };
    const due = this.#due;
    if (due === null || due.missing.length === 0) return null;
    const answers = await this.#ask(due);
    const cosignatures = answers.flatMap(({ answer }) => (answer.ok ? answer.signatures : []));
    const note = { ...due.head.note, signatures: [...due.head.note.signatures, ...cosignatures] };
    const cosigned = { ...due.head, note };
    const missing = answers.filter(({ answer }) => !answer.ok).map(({ client }) => client);
    this.#due = { head: cosigned, missing };
    return cosignatures.length === 0 ? null : cosigned;
  }

  async #ask({ head, missing }: Due): Promise<{ client: WitnessClient; answer: Cosigned }[]> {
    const bytes = utf8(formatNote(head.note));
    const signal = AbortSignal.timeout(this.#options.witnessBudgetMs ?? DEFAULT_BUDGET_MS);
    return Promise.all(
      missing.map(async (client) => ({
        client,
        answer: this.#heard(client.name, await client.cosign(bytes, head.size, signal)),
      })),
    );
  }

  #heard(name: string, answer: Cosigned): Cosigned {
    const { log, onFork } = this.#options;
    if (answer.ok) {
      if (this.#failing.delete(name)) log.info({ witness: name }, "the witness cosigns again");
      return answer;
    }
    const { failure, detail } = answer;
    if (this.#failing.get(name) === failure) return answer;
    this.#failing.set(name, failure);
    log.warn({ witness: name, failure, detail }, "the witness does not cosign");
    if (failure === "fork") onFork?.(name, detail);
    return answer;
  }
}
