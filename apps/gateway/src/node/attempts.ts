import { isFailing } from "../core/upstream/health.ts";
import { mayRetry } from "../core/upstream/retry.ts";
import type { GatewayError } from "../errors.ts";
import type { ConnectionUser, UpstreamConnection } from "./connection.ts";
import { answerOf } from "./metrics.ts";
import type { Passage } from "./passage.ts";
import type { Target } from "./target.ts";

/** One request's way to a target that answers: which was tried, what became of it, and what the upstream learns of it. */
export class Attempts {
  readonly #passage: Passage;
  readonly #requestId: string;
  readonly #method: string;
  readonly #hasBody: boolean;
  #tried: Set<Target> | null = null;
  #target: Target | null = null;
  #connection: UpstreamConnection | null = null;
  #made = 0;
  #wasSent = false;
  #wasAnswered = false;
  #wasStale = false;

  /** Throws `upstream-unavailable` while the circuit is open. */
  constructor(passage: Passage, requestId: string, method: string, hasBody: boolean) {
    passage.upstream.admit();
    this.#passage = passage;
    this.#requestId = requestId;
    this.#method = method;
    this.#hasBody = hasBody;
  }

  /** The `Host` of the present target. */
  get targetHost(): string {
    return this.#target?.host ?? "";
  }

  /** A connection that is ready (`isUsed`) or will tell `user`. Throws `upstream-unavailable`. */
  open(user: ConnectionUser): UpstreamConnection {
    const target = this.#passage.upstream.choose(this.#tried);
    const connection = target.acquire(user, this.#wasStale);
    target.inFlight += 1;
    this.#target = target;
    this.#connection = connection;
    this.#made += 1;
    this.#wasSent = false;
    return connection;
  }

  /** The head is on its way: from here on the target may have acted. */
  sent(): void {
    this.#wasSent = true;
  }

  answered(status: number): void {
    this.#wasAnswered = true;
    this.#passage.count(answerOf(status));
    this.#tell(this.#target as Target, !isFailing(status));
  }

  /** The present attempt is over, however it went. */
  close(): void {
    if (this.#target !== null) this.#target.inFlight -= 1;
    this.#target = null;
  }

  /** The present attempt failed. True asks to `open` another. */
  failed(error: GatewayError): boolean {
    const target = this.#target as Target;
    this.close();
    const isStale = this.#isStale(error);
    const isClients = error.details.phase === "client";
    if (!isStale && !isClients) {
      this.#passage.count("none");
      this.#tell(target, false);
    }
    if (isClients || !this.#mayRetry(isStale)) return false;
    this.#wasStale = isStale;
    if (isStale) this.#made -= 1;
    else this.#remember(target);
    return true;
  }

  /** An idle connection that ended just as it was used says nothing about its target. */
  #isStale({ code }: GatewayError): boolean {
    const wasUsed = this.#connection?.isUsed === true;
    return wasUsed && code === "upstream-unreachable" && this.#wasSent && !this.#wasAnswered;
  }

  #mayRetry(isStale: boolean): boolean {
    const { upstream } = this.#passage;
    const { retry } = upstream.settings;
    const attempt = {
      method: this.#method,
      made: this.#made,
      wasSent: this.#wasSent,
      hasBody: this.#hasBody,
      wasAnswered: this.#wasAnswered,
    };
    if (isStale) return mayRetry({ ...attempt, made: 0 }, retry);
    return mayRetry(attempt, retry) && upstream.spendRetry();
  }

  #tell(target: Target, succeeded: boolean): void {
    this.#passage.upstream.tell(target, succeeded, this.#requestId);
  }

  #remember(target: Target): void {
    this.#tried ??= new Set();
    this.#tried.add(target);
  }
}
