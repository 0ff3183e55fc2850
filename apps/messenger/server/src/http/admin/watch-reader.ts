import type { EventStream } from "@rempart/edge";
import { IdentityError } from "@rempart/identity";
import type { Clock } from "@rempart/kernel";

/** So long somebody whose session was ended, or whose role was taken away, may still follow. */
const ASK_EVERY_MS = 2_000;
/** While nobody can be asked the stream goes on: that is when it is needed. Not for longer than this. */
const UNANSWERED_MS = 300_000;

/** Ends the stream of a reader who may not follow any more: `mayFollow` answers false then, or throws identity's refusal. */
export function watchReader(
  stream: EventStream,
  clock: Pick<Clock, "monotonic">,
  mayFollow: () => Promise<boolean>,
): void {
  let answeredAt = clock.monotonic();
  const isAllowed = async (): Promise<boolean> => {
    try {
      const answer = await mayFollow();
      answeredAt = clock.monotonic();
      return answer;
    } catch (error) {
      return !(error instanceof IdentityError) && clock.monotonic() - answeredAt < UNANSWERED_MS;
    }
  };
  const timer = setInterval(async () => {
    if (!(await isAllowed())) stream.close();
  }, ASK_EVERY_MS).unref();
  stream.closed.addEventListener("abort", () => clearInterval(timer), { once: true });
}
