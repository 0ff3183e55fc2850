interface Waiting<T> {
  readonly item: T;
  readonly written: () => void;
  readonly failed: (error: unknown) => void;
}

/** Writes under way at a time: while one waits for the disk, the next is made. */
const AT_ONCE = 2;
/** Items of one write. */
const TOGETHER = 200;

/**
 * What comes in one turn of the event loop, or while others are being written, is written together. Each resolves when the
 * write that it was in has, and rejects as that does. After an error that `isOfOne` of them, each is written alone.
 */
export function gathering<T>(
  write: (items: readonly T[]) => Promise<void>,
  isOfOne: (error: unknown) => boolean,
): (item: T) => Promise<void> {
  const waiting: Waiting<T>[] = [];
  let underWay = 0;

  function writeAll(): void {
    while (underWay < AT_ONCE && waiting.length > 0) {
      const share = Math.ceil(waiting.length / (AT_ONCE - underWay));
      void writeSome(waiting.splice(0, Math.min(share, TOGETHER)));
    }
  }

  async function writeSome(some: readonly Waiting<T>[]): Promise<void> {
    underWay += 1;
    await settle(some);
    underWay -= 1;
    // Not at once: those who go on now may have more to write.
    setImmediate(writeAll);
  }

  async function settle(some: readonly Waiting<T>[]): Promise<void> {
    try {
      await write(some.map(({ item }) => item));
      for (const { written } of some) written();
    } catch (error) {
      if (some.length > 1 && isOfOne(error)) for (const one of some) await settle([one]);
      else for (const { failed } of some) failed(error);
    }
  }

  return (item) =>
    new Promise((written, failed) => {
      if (waiting.push({ item, written, failed }) === 1) setImmediate(writeAll);
    });
}
