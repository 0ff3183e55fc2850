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
 * write that it was in has, and rejects as that does.
 */
export function gathering<T>(write: (items: readonly T[]) => Promise<void>): (item: T) => Promise<void> {
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
    try {
      await write(some.map(({ item }) => item));
      for (const { written } of some) written();
    } catch (error) {
      for (const { failed } of some) failed(error);
    }
    underWay -= 1;
    // Not at once: those who go on now may have more to write.
    setImmediate(writeAll);
  }

  return (item) =>
    new Promise((written, failed) => {
      if (waiting.push({ item, written, failed }) === 1) setImmediate(writeAll);
    });
}
