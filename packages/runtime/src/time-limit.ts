/**
 * True when `work` resolves within `milliseconds`, false when the time is up first; a rejection within the time passes
 * through, a later one is swallowed. The work itself is not cancelled.
 */
export async function timeLimit(work: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const { promise: timeUp, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), milliseconds);
  try {
    return await Promise.race([work.then(() => true), timeUp]);
  } finally {
    clearTimeout(timer);
  }
}
