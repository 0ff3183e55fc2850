import type { Branch } from "./history.ts";
import type { Lsn } from "./lsn.ts";
import { segmentName, segmentNumberOf } from "./names.ts";

export interface ChainQuery {
  /** Of the backup. */
  readonly start: { readonly timeline: number; readonly lsn: Lsn };
  /** Names of whole segments in the repository. */
  readonly available: ReadonlySet<string>;
  /** By timeline: its ancestors, the oldest first. */
  readonly histories: ReadonlyMap<number, readonly Branch[]>;
  readonly segmentBytes: number;
}

export interface Chain {
  /** The timeline that recovery to `latest` follows to its end. */
  readonly timeline: number;
  /** Every segment from the backup on, without a gap, in order. */
  readonly segments: readonly string[];
  /** Where the chain breaks although a later segment is there. */
  readonly missing: string | null;
  /** The first position after the chain. */
  readonly end: Lsn;
}

/**
 * What recovery from a backup reads, in PostgreSQL's own way of choosing: the newest timeline for which a history is found,
 * counting up without a hole; and on the way there a segment in which one timeline left another is read as the younger's.
 */
export function followChain(query: ChainQuery): Chain {
  const { start, available, segmentBytes } = query;
  const timeline = newestTimeline(start.timeline, query.histories);
  const timelineOf = chooser(start.timeline, timeline, query);
  const segments: string[] = [];
  let number = segmentNumberOf(start.lsn, segmentBytes);
  let name = segmentName({ timeline: timelineOf(number), number }, segmentBytes);
  while (available.has(name)) {
    segments.push(name);
    number += 1n;
    name = segmentName({ timeline: timelineOf(number), number }, segmentBytes);
  }
  const end = number * BigInt(segmentBytes);
  return { timeline, segments, missing: isBefore(name, available) ? name : null, end };
}

function newestTimeline(from: number, histories: ReadonlyMap<number, readonly Branch[]>): number {
  let newest = from;
  while (isChild(histories.get(newest + 1), from)) newest += 1;
  return newest;
}

/** A timeline that never knew the backup's is another server's way: recovery would refuse it. */
function isChild(ancestors: readonly Branch[] | undefined, of: number): boolean {
  return ancestors?.some(({ timeline }) => timeline === of) ?? false;
}

function chooser(from: number, to: number, { histories, segmentBytes }: ChainQuery) {
  const branches = (histories.get(to) ?? []).filter(({ timeline }) => timeline >= from);
  return (number: bigint): number =>
    branches.find(({ endsAt }) => number < segmentNumberOf(endsAt, segmentBytes))?.timeline ?? to;
}

/** Names of one timeline sort as their numbers do. */
function isBefore(missing: string, available: ReadonlySet<string>): boolean {
  for (const name of available) if (name.slice(0, 8) === missing.slice(0, 8) && name > missing) return true;
  return false;
}
