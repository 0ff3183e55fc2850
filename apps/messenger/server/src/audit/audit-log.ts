import {
  type Audit,
  createAudit,
  logObjects,
  nodePrimitives,
  type ObjectStore,
  openSigner,
  type Sequencer,
  startSequencer,
  type WitnessAddress,
} from "@rempart/audit";
import { treeHash } from "@rempart/audit/verify";
import type { Database } from "@rempart/database";
import { type Clock, explain, type Random } from "@rempart/kernel";
import type { Envelopes } from "@rempart/keys";
import type { Logger } from "@rempart/runtime";

export interface AuditLogPorts {
  readonly database: Database;
  readonly envelopes: Envelopes;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

export interface AuditLog {
  readonly audit: Audit;
  /** The published files. */
  readonly objects: ObjectStore;
  /** Of them, those of the log that goes on now. */
  readonly published: ObjectStore;
  stop(): Promise<void>;
}

export interface AuditLogOptions {
  readonly objects: ObjectStore;
  readonly origin: string;
  /** Asked to cosign each head. */
  readonly witnesses: readonly WitnessAddress[];
}

const PRUNE_EVERY_MS = 3_600_000;

/** The messenger's audit log, and the sequencer that publishes it into `objects`. */
export async function openAuditLog(
  ports: AuditLogPorts,
  { objects, origin, witnesses }: AuditLogOptions,
): Promise<AuditLog> {
  const { database, log, clock } = ports;
  const audit = createAudit(ports);
  await audit.announceKinds();
  const signer = await openSigner({ ...ports, origin });
  const hash = treeHash(nodePrimitives.sha256);
  const sequencer: Sequencer = startSequencer({
    database,
    objects,
    signer,
    hash,
    clock,
    log,
    witnesses,
    onFork: (witness, detail) =>
      log.error({ witness, detail }, "a witness knows another audit log than this one"),
  });
  const pruning = setInterval(() => void pruneQuietly(audit, log), PRUNE_EVERY_MS).unref();
  return {
    audit,
    objects,
    published: logObjects(objects, signer.generation),
    async stop() {
      clearInterval(pruning);
      await sequencer.round().catch((error: unknown) => {
        log.warn(
          { error: explain(error) },
          "the last entries of the audit log are published at the next start",
        );
      });
      await sequencer.stop();
    },
  };
}

async function pruneQuietly(audit: Audit, log: Logger): Promise<void> {
  try {
    for (const { class: name, entries } of await audit.prune())
      log.info({ class: name, entries }, "audit entries pruned");
  } catch (error) {
    log.warn({ error: explain(error) }, "the audit log was not pruned; it is tried again later");
  }
}
