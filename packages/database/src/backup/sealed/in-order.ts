/** Works on up to `width` items at once, and gives the results in the order of the items. */
export async function* inOrder<Item, Result>(
  items: AsyncIterable<Item>,
  width: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void, void> {
  const underWay: Promise<Result>[] = [];
  try {
    for await (const item of items) {
      underWay.push(quiet(work(item)));
      if (underWay.length >= width) yield await (underWay.shift() as Promise<Result>);
    }
    while (underWay.length > 0) yield await (underWay.shift() as Promise<Result>);
  } finally {
    await Promise.allSettled(underWay);
  }
}

/** Runs `work` on every item, up to `width` at once; rejects with the first failure when all under way have ended. */
export async function eachOf<Item>(
  items: AsyncIterable<Item> | Iterable<Item>,
  width: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  async function* asAsync(): AsyncGenerator<Item> {
    yield* items;
  }
  for await (const _ of inOrder(asAsync(), width, work));
}

/** A failure is told when its turn comes; until then it must not count as unhandled. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
