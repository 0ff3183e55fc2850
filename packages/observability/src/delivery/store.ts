import { ObservabilityError } from "../errors.ts";
import type { Deployment, Incident } from "./deployment.ts";

/** What is used of a database; `Queryable` of `@rempart/database` fits, and so does a transaction. */
export interface DeliveryDatabase {
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

export interface DeliveryStore {
  /**
   * Told again, a deployment keeps its first time; `failed` and a commit time that was missing are taken over. True when it was
   * not known before. Throws `delivery-invalid`.
   */
  record(deployment: Deployment): Promise<boolean>;
  /** Newest first, since `from`, at most `limit`. */
  deployments(environment: string, from: number, limit?: number): Promise<Deployment[]>;
  /**
   * False when an incident of that id was opened before, or one about the subject goes on. Throws `delivery-invalid`.
   */
  open(incident: Omit<Incident, "closedAt">, subject?: string): Promise<boolean>;
  /** False when there is no such incident, or it is closed. */
  close(id: string, at: number): Promise<boolean>;
  /** Of the subject. False when none goes on. */
  closeAbout(environment: string, subject: string, at: number): Promise<boolean>;
  /** Newest first, those since `from` and those that go on. */
  incidents(environment: string, from: number, limit?: number): Promise<Incident[]>;
}

/** Several a minute for a month: what one report reads at most. */
const LIMIT = 100_000;

export function deliveryStore(database: DeliveryDatabase): DeliveryStore {
  return {
    async record(deployment) {
      checkTexts(deployment);
      const { environment, id, version, commit, deployedAt, committedAt, failed } = deployment;
      const [row] = await database.query<{ fresh: boolean }>(
        `INSERT INTO deployments (environment, id, version, commit_id, deployed_at, committed_at, failed)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (environment, id) DO UPDATE
           SET failed = deployments.failed OR excluded.failed,
               committed_at = coalesce(deployments.committed_at, excluded.committed_at)
         RETURNING (xmax = 0) AS fresh`,
        [
          environment,
          id,
          version,
          commit,
          timeOf(deployedAt),
          committedAt === null ? null : timeOf(committedAt),
          failed,
        ],
      );
      return row?.fresh === true;
    },
    async deployments(environment, from, limit = LIMIT) {
      const rows = await database.query<DeploymentRow>(
        `SELECT environment, id, version, commit_id, deployed_at, committed_at, failed FROM deployments
          WHERE environment = $1 AND deployed_at >= $2 ORDER BY deployed_at DESC, id LIMIT $3`,
        [environment, timeOf(from), limit],
      );
      return rows.map(toDeployment);
    },
    async open(incident, subject) {
      const { id, environment, title, openedAt, deployment } = incident;
      checkTexts({ id, environment, title, deployment, subject });
      const rows = await database.query(
        `INSERT INTO delivery_incidents (id, environment, title, opened_at, deployment, subject)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING id`,
        [id, environment, title, timeOf(openedAt), deployment, subject ?? null],
      );
      return rows.length > 0;
    },
    async close(id, at) {
      const rows = await database.query(
        `UPDATE delivery_incidents SET closed_at = greatest(opened_at, $2)
          WHERE id = $1 AND closed_at IS NULL RETURNING id`,
        [id, timeOf(at)],
      );
      return rows.length > 0;
    },
    async closeAbout(environment, subject, at) {
      const rows = await database.query(
        `UPDATE delivery_incidents SET closed_at = greatest(opened_at, $3)
          WHERE environment = $1 AND subject = $2 AND closed_at IS NULL RETURNING id`,
        [environment, subject, timeOf(at)],
      );
      return rows.length > 0;
    },
    async incidents(environment, from, limit = LIMIT) {
      const rows = await database.query<IncidentRow>(
        `SELECT id, environment, title, opened_at, closed_at, deployment FROM delivery_incidents
          WHERE environment = $1 AND (opened_at >= $2 OR closed_at IS NULL OR closed_at >= $2)
          ORDER BY opened_at DESC, id LIMIT $3`,
        [environment, timeOf(from), limit],
      );
      return rows.map(toIncident);
    },
  };
}

interface DeploymentRow {
  readonly environment: string;
  readonly id: string;
  readonly version: string;
  readonly commit_id: string;
  readonly deployed_at: Date;
  readonly committed_at: Date | null;
  readonly failed: boolean;
}

function toDeployment({ commit_id, deployed_at, committed_at, ...row }: DeploymentRow): Deployment {
  return {
    ...row,
    commit: commit_id,
    deployedAt: deployed_at.getTime(),
    committedAt: committed_at?.getTime() ?? null,
  };
}

interface IncidentRow {
  readonly id: string;
  readonly environment: string;
  readonly title: string;
  readonly opened_at: Date;
  readonly closed_at: Date | null;
  readonly deployment: string | null;
}

function toIncident({ opened_at, closed_at, ...row }: IncidentRow): Incident {
  return { ...row, openedAt: opened_at.getTime(), closedAt: closed_at?.getTime() ?? null };
}

/** What a pipeline sends is shown to people and compared: visible, and not long. */
const TEXT = /^[^\p{C}\p{Zl}\p{Zp}]{1,200}$/u;

function checkTexts(fields: object): void {
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value !== "string" || (TEXT.test(value) && value.trim() !== "")) continue;
    throw new ObservabilityError("delivery-invalid", `${name} is 1 to 200 visible characters`, {
      details: { field: name },
    });
  }
}

/** The range that a Date and the database share. */
const LAST = Date.UTC(9999, 11, 31);

function timeOf(at: number): Date {
  if (at >= 0 && at <= LAST) return new Date(at);
  throw new ObservabilityError("delivery-invalid", "a time is from 1970 to 9999", {
    details: { field: "time" },
  });
}
