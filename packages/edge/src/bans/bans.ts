import { type Clock, systemClock } from "@rempart/kernel";
import { type Address, addressGroups } from "../address/ip.ts";
import { EdgeError } from "../errors.ts";
import { parseNetwork } from "./network.ts";
import { type Entry, isInForce, NetworkTable } from "./table.ts";

export interface Ban {
  /** For operators and logs: it is never sent to the client. */
  readonly reason: string;
  /** When it ends, in milliseconds since the epoch; null for never. */
  readonly until: number | null;
}

export interface NetworkBan extends Ban {
  /** An address or a network: `203.0.113.7`, `203.0.113.0/24`, `2001:db8::/32`. A lone IPv6 address means its /64. */
  readonly network: string;
}

export interface UserBan extends Ban {
  readonly user: string;
}

/** Every ban at one moment. */
export interface BanSnapshot {
  readonly networks: readonly NetworkBan[];
  readonly users: readonly UserBan[];
}

/** Where bans come from: pushes a whole snapshot at once and again after each change, and returns how to stop. */
export interface BanSource {
  subscribe(push: (snapshot: BanSnapshot) => void): () => void;
}

export interface BanOptions {
  readonly source?: BanSource;
  readonly clock?: Clock;
  /** Most bans in a snapshot, networks and users together; default 200,000. */
  readonly maxBans?: number;
}

/** Decides from memory. Give it to `createEdge` for addresses; ask `ofUser` where the application knows who calls. */
export interface Bans {
  /** The narrowest ban in force on the address; null for an unknown address. */
  ofAddress(address: Address): NetworkBan | null;
  ofUser(user: string): UserBan | null;
  /** All or nothing: throws `EdgeError` `invalid-bans`, naming the entry, and keeps what was in force. */
  replace(snapshot: BanSnapshot): void;
  stats(): { readonly networks: number; readonly users: number };
  /** Stops listening to the source. */
  close(): void;
}

const DEFAULT_MAX_BANS = 200_000;
const MAX_REASON = 500;
const MAX_USER = 256;

interface BannedNetwork extends Entry {
  readonly ban: NetworkBan;
}

interface Compiled {
  readonly v4: NetworkTable<BannedNetwork>;
  readonly v6: NetworkTable<BannedNetwork>;
  readonly users: ReadonlyMap<string, UserBan>;
  readonly networks: number;
}

const EMPTY: BanSnapshot = { networks: [], users: [] };

export function createBans(options: BanOptions = {}): Bans {
  const { source, clock = systemClock, maxBans = DEFAULT_MAX_BANS } = options;
  let current = compile(EMPTY, maxBans);
  const replace = (snapshot: BanSnapshot): void => {
    current = compile(snapshot, maxBans);
  };
  const unsubscribe = source?.subscribe(replace);
  return {
    ofAddress({ text }) {
      if (current.networks === 0) return null;
      const groups = addressGroups(text);
      if (groups === null) return null;
      const table = groups.length === 2 ? current.v4 : current.v6;
      return table.find(groups, clock.now())?.ban ?? null;
    },
    ofUser(user) {
      const ban = current.users.get(user);
      return ban !== undefined && isInForce(ban, clock.now()) ? ban : null;
    },
    replace,
    stats: () => ({ networks: current.networks, users: current.users.size }),
    close: () => unsubscribe?.(),
  };
}

function compile({ networks, users }: BanSnapshot, maxBans: number): Compiled {
  if (networks.length + users.length > maxBans)
    throw refused("snapshot", `holds more than ${maxBans} bans; ban networks instead of addresses`);
  const entries = networks.map(compileNetwork);
  return {
    v4: new NetworkTable(entries.filter(({ first }) => first.length === 2)),
    v6: new NetworkTable(entries.filter(({ first }) => first.length === 8)),
    users: compileUsers(users),
    networks: entries.length,
  };
}

function compileNetwork(given: NetworkBan, i: number): BannedNetwork {
  const network = parseNetwork(given.network);
  if (network === null) throw refused(`networks[${i}]`, "is not an address or a network");
  checkBan(given, `networks[${i}]`);
  const ban = { network: given.network, reason: given.reason, until: given.until };
  return { ...network, until: ban.until, ban };
}

function compileUsers(users: readonly UserBan[]): Map<string, UserBan> {
  const byUser = new Map<string, UserBan>();
  users.forEach((ban, i) => {
    checkBan(ban, `users[${i}]`);
    if (ban.user.length === 0 || ban.user.length > MAX_USER) throw refused(`users[${i}]`, "names no user");
    const other = byUser.get(ban.user);
    if (other === undefined || endsLater(ban, other))
      byUser.set(ban.user, { user: ban.user, reason: ban.reason, until: ban.until });
  });
  return byUser;
}

function endsLater(ban: Ban, other: Ban): boolean {
  return other.until !== null && (ban.until === null || ban.until > other.until);
}

function checkBan({ reason, until }: Ban, field: string): void {
  if (typeof reason !== "string" || reason.length > MAX_REASON)
    throw refused(`${field}.reason`, `expects text of at most ${MAX_REASON} characters`);
  if (until !== null && !Number.isFinite(until))
    throw refused(`${field}.until`, "expects milliseconds since the epoch, or null");
}

function refused(field: string, reason: string): EdgeError {
  return new EdgeError("invalid-bans", `${field}: ${reason}`, { details: { field } });
}
