import type { Queryable } from "@rempart/database";

/** Looks that wait while one is under way; a database that hangs is not asked for more. */
const MAX_WAITING = 20;

/** One statement after the other: whoever watches a database must not crowd out those whom it serves. */
export function inTurns(database: Queryable): Queryable {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return {
    query<Row extends object>(...statement: Parameters<Queryable["query"]>): Promise<Row[]> {
      if (waiting >= MAX_WAITING) return Promise.reject(new Error("the looks before are still under way"));
      waiting += 1;
      const turn = last.then(() => database.query<Row>(...statement));
      last = turn
        .catch(() => undefined)
        .then(() => {
          waiting -= 1;
        });
      return turn;
    },
  };
}
