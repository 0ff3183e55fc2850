import { isUuid, type Uuid } from "@rempart/kernel";
import { demandPermission } from "../administration/authority.ts";
import type { Context } from "../context.ts";
import { IdentityError } from "../errors.ts";
import { GroupedCache } from "../grouped-cache.ts";
import { normaliseName } from "../names.ts";
import { type Actor, refOf, type Subject } from "../roles/actor.ts";
import { isPermission, type Permission, ruleOf } from "../roles/permissions.ts";
import type { IdentityChange } from "../sessions/change-feed.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { Touches } from "../sessions/touches.ts";
import { digestFromText, digestText } from "../tokens.ts";
import { isApiKey, mintApiKey, shownPrefix } from "./format.ts";
import {
  type ApiKey,
  findApiKey,
  findByApiKey,
  insertApiKey,
  type KeyHolder,
  listApiKeys,
  revokeApiKey,
  writeKeyUses,
} from "./store.ts";

export interface NewApiKey {
  readonly name: string;
  /** What the key may do at most; what its owner may do bounds it at every use. */
  readonly permissions: readonly Permission[];
  /** For the organisation the session stands for, instead of for the person alone. */
  readonly forTenant?: boolean;
  /** Unix milliseconds; absent: `apiKeys.lifetimeMs` from now. */
  readonly expiresAt?: number;
}

export interface IssuedApiKey extends ApiKey {
  /** The secret, 77 characters. It is in no table and in no log: this is its only appearance. */
  readonly secret: string;
}

export interface ApiKeys {
  /**
   * The subject proved themselves minutes ago and holds every permission it names. Codes: `validation-failed`, `forbidden`,
   * `step-up-required`, `mfa-enrolment-required`, `too-many`.
   */
  create(subject: Subject, key: NewApiKey): Promise<IssuedApiKey>;
  /** Live keys of one person, the newest first. */
  of(userId: Uuid): Promise<ApiKey[]>;
  ofTenant(actor: Actor, tenantId: Uuid): Promise<ApiKey[]>;
  /** One's own, or one of the organisation. Codes: `unknown-api-key`, `forbidden`. */
  revoke(actor: Actor, keyId: Uuid): Promise<void>;
  /** Whom a key stands for, with the roles of this moment, or null. Microseconds from memory. */
  authenticate(secret: string): Promise<Subject | null>;
}

interface Known extends KeyHolder {
  readonly subject: Subject;
  usedAt: number;
}

const MAX_PENDING_USES = 50_000;
const USE_EVERY_MS = 60_000;

export class ApiKeyService implements ApiKeys {
  readonly #context: Context;
  readonly #sessions: Sessions;
  readonly #cache: GroupedCache<Known>;
  readonly #uses = new Touches(MAX_PENDING_USES, writeKeyUses);
  /** Counts what the feed delivered: a key read while it moved is not kept. */
  #changes = 0;

  constructor(context: Context, sessions: Sessions) {
    this.#context = context;
    this.#sessions = sessions;
    this.#cache = new GroupedCache(context.config.apiKeys.cacheEntries, ({ key }) => [key.userId]);
    sessions.follow({ apply: (changes) => this.#apply(changes), reset: () => this.#reset() });
  }

  async create(subject: Subject, wanted: NewApiKey): Promise<IssuedApiKey> {
    const now = this.#context.clock.now();
    demandPermission(this.#context, subject, "api-keys.create");
    const tenantId = wanted.forTenant === true ? (subject.tenant?.id ?? null) : null;
    if (wanted.forTenant === true) this.#demandTenant(subject, tenantId);
    this.#demandGrantable(subject, wanted.permissions, tenantId);
    const secret = mintApiKey(this.#context.random);
    const key: ApiKey = {
      id: this.#context.newId(),
      userId: subject.userId,
      tenantId,
      name: nameOf(wanted.name),
      shownPrefix: shownPrefix(secret),
      permissions: [...new Set(wanted.permissions)],
      createdAt: now,
      expiresAt: expiryOf(wanted, now, this.#context.config.apiKeys.lifetimeMs),
      lastUsedAt: null,
    };
    await this.#insert(subject, key, secret);
    return { ...key, secret };
  }

  of(userId: Uuid): Promise<ApiKey[]> {
    return listApiKeys(this.#context.database, "user_id", userId, this.#context.clock.now());
  }

  async ofTenant(actor: Actor, tenantId: Uuid): Promise<ApiKey[]> {
    demandPermission(this.#context, actor, "tenant.manage-api-keys", { tenantId });
    return listApiKeys(this.#context.database, "tenant_id", tenantId, this.#context.clock.now());
  }

  async revoke(actor: Actor, keyId: Uuid): Promise<void> {
    const { database, clock, observe } = this.#context;
    await this.#sessions.keepUp();
    await database.transaction(async (tx) => {
      const key = isUuid(keyId) ? await findApiKey(tx, keyId, clock.now()) : null;
      if (key === null || !this.#mayRevoke(actor, key) || !(await revokeApiKey(tx, key.id, clock.now()))) {
        throw new IdentityError("unknown-api-key", "You have no such key");
      }
      await observe({ type: "auth.api-key.revoked", userId: key.userId, keyId, actor: refOf(actor) }, tx);
    });
    await this.#sessions.announce();
  }

  async authenticate(secret: string): Promise<Subject | null> {
    if (!isApiKey(secret)) return null;
    await this.#sessions.keepUp();
    const digest = digestText(secret);
    const known = this.#cache.get(digest) ?? (await this.#load(digest));
    if (known === null || isOver(known.key, this.#context.clock.now())) return null;
    this.#noteUse(known);
    return known.subject;
  }

  flushUses(): Promise<void> {
    return this.#uses.flush(this.#context.database);
  }

  async #load(digest: string): Promise<Known | null> {
    const before = this.#changes;
    const { database, clock } = this.#context;
    const holder = await findByApiKey(database, digestFromText(digest), clock.now());
    if (holder === null) return null;
    const known = { ...holder, subject: subjectOfKey(holder), usedAt: Number.NEGATIVE_INFINITY };
    if (this.#changes === before) this.#cache.set(digest, known);
    return known;
  }

  async #insert(subject: Subject, key: ApiKey, secret: string): Promise<void> {
    const { database, config, observe } = this.#context;
    await database.transaction(async (tx) => {
      // Held, so that the count is still true when the row is written.
      await tx.query("SELECT id FROM users WHERE id = $1 FOR UPDATE", [key.userId]);
      const live = await listApiKeys(tx, "user_id", key.userId, key.createdAt);
      if (live.length >= config.apiKeys.perAccount) {
        throw new IdentityError("too-many", "The account has as many API keys as it may");
      }
      await insertApiKey(tx, key, digestFromText(digestText(secret)));
      const { userId, tenantId, permissions } = key;
      await observe(
        { type: "auth.api-key.created", userId, keyId: key.id, tenantId, permissions, actor: refOf(subject) },
        tx,
      );
    });
  }

  #demandTenant(subject: Subject, tenantId: Uuid | null): void {
    const resource = tenantId === null ? {} : { tenantId };
    demandPermission(this.#context, subject, "tenant.manage-api-keys", resource);
  }

  /** A key that nobody proves anything with gets nothing that asks for a proof; and nobody gives more than they have. */
  #demandGrantable(subject: Subject, permissions: readonly Permission[], tenantId: Uuid | null): void {
    const resource = tenantId === null ? {} : { tenantId };
    for (const permission of permissions) {
      if (!isPermission(permission) || ruleOf(permission).fresh === true) throw invalid("permissions");
      // Whom it will be done to is asked at each use.
      const over = ruleOf(permission).over === "person" ? { userId: NOBODY, role: lowestOf(permission) } : {};
      demandPermission(this.#context, subject, permission, { ...resource, ...over });
    }
  }

  #mayRevoke(actor: Actor, key: ApiKey): boolean {
    if (actor.kind === "operator" || (actor.kind === "session" && actor.userId === key.userId)) return true;
    if (key.tenantId === null) return false;
    demandPermission(this.#context, actor, "tenant.manage-api-keys", { tenantId: key.tenantId });
    return true;
  }

  #noteUse(known: Known): void {
    const now = this.#context.clock.now();
    if (Math.abs(now - known.usedAt) < USE_EVERY_MS) return;
    known.usedAt = now;
    this.#uses.note(known.key.id, now);
  }

  #apply(changes: readonly IdentityChange[]): void {
    this.#changes += 1;
    for (const { userId, sessionId } of changes) {
      if (userId !== null && sessionId === null) this.#cache.deleteGroup(userId);
    }
  }

  #reset(): void {
    this.#changes += 1;
    this.#cache.clear();
  }
}

/** No account has the nil UUID. */
const NOBODY = "00000000-0000-0000-0000-000000000000";

function lowestOf(permission: Permission): "USER" | "MEMBER" {
  return "least" in ruleOf(permission) ? "USER" : "MEMBER";
}

function subjectOfKey({ key, role, tenantRole }: KeyHolder): Subject {
  return {
    kind: "api-key",
    userId: key.userId,
    role,
    tenant: key.tenantId === null || tenantRole === null ? null : { id: key.tenantId, role: tenantRole },
    scopes: new Set(key.permissions),
    mfaEnabled: false,
    factorAt: null,
    provenAt: null,
  };
}

function isOver({ expiresAt }: ApiKey, now: number): boolean {
  return expiresAt !== null && expiresAt <= now;
}

function expiryOf({ expiresAt }: NewApiKey, now: number, lifetimeMs: number): number {
  const latest = now + lifetimeMs;
  if (expiresAt === undefined) return latest;
  if (!Number.isFinite(expiresAt) || expiresAt <= now || expiresAt > latest) throw invalid("expiresAt");
  return expiresAt;
}

function nameOf(text: string): string {
  const name = normaliseName(text);
  if (name === null) throw invalid("name");
  return name;
}

function invalid(field: string): IdentityError {
  return new IdentityError("validation-failed", `This is not possible for an API key: ${field}`, {
    details: { field },
  });
}
