import type { Named } from "../sql-names.ts";

/** What the server knew of one database at one moment. Times are Unix milliseconds, sizes bytes. */
export interface CatalogueSnapshot {
  readonly takenAt: number;
  /** As `server_version_num`: 180004. */
  readonly version: number;
  /** Since when uses are counted; null when the server does not say. */
  readonly statisticsSince: number | null;
  /** Numbers in the server's own unit turned into bytes or milliseconds; text otherwise. */
  readonly settings: Readonly<Record<string, number | string>>;
  readonly tables: readonly TableFacts[];
  readonly indexes: readonly IndexFacts[];
  readonly foreignKeys: readonly ForeignKeyFacts[];
  readonly sequences: readonly SequenceFacts[];
  readonly databases: readonly DatabaseFacts[];
}

export interface ColumnFacts {
  readonly name: string;
  readonly type: string;
  /** Bytes of a value; null where values differ. */
  readonly width: number | null;
  /** Share of nulls, 0 to 1; null before the first ANALYZE. */
  readonly nullFraction: number | null;
}

export interface TableFacts extends Named {
  /** The planner's estimate; -1 before the first ANALYZE. */
  readonly rows: number;
  readonly bytes: number;
  readonly totalBytes: number;
  readonly deadRows: number;
  readonly changedSinceAnalyze: number;
  readonly sequentialScans: number;
  readonly indexScans: number;
  readonly lastVacuum: number | null;
  readonly lastAnalyze: number | null;
  /** Transactions since the oldest row that is not frozen. */
  readonly transactionAge: number;
  /** Of the table itself: `autovacuum_enabled`, `autovacuum_vacuum_scale_factor`, … */
  readonly options: Readonly<Record<string, string>>;
  readonly columns: readonly ColumnFacts[];
}

export interface IndexKey {
  /** Null for an expression. */
  readonly column: string | null;
  /** The column as SQL, or the expression. */
  readonly sql: string;
  readonly operatorClass: string;
  readonly collation: string | null;
  /** False: values are compared otherwise than the column compares them. */
  readonly columnCollation: boolean;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

export interface IndexFacts extends Named {
  readonly table: string;
  readonly method: string;
  readonly definition: string;
  /** In order. What `INCLUDE` adds is not among them: it orders nothing and makes nothing unique. */
  readonly keys: readonly IndexKey[];
  readonly include: readonly string[];
  readonly unique: boolean;
  /** A constraint or a foreign key needs it, or it identifies rows for replication, or it belongs to a partitioned one. */
  readonly needed: boolean;
  readonly valid: boolean;
  /** Somebody is building it now. */
  readonly building: boolean;
  readonly predicate: string | null;
  readonly nullsNotDistinct: boolean;
  readonly bytes: number;
  readonly scans: number;
  /** Since PostgreSQL 16; null for never, or on an older one. */
  readonly lastScan: number | null;
}

export interface ForeignKeyFacts extends Named {
  readonly table: string;
  readonly columns: readonly string[];
  readonly referenced: string;
}

export interface SequenceFacts extends Named {
  /** The column it numbers; null when it belongs to none. */
  readonly owner: { readonly table: string; readonly column: string; readonly type: string } | null;
  /** Share of the numbers given out, 0 to 1, by the tighter of sequence and column. */
  readonly used: number;
}

export interface DatabaseFacts {
  readonly name: string;
  /** The one that was looked at, whose tables are known. */
  readonly here: boolean;
  readonly transactionAge: number;
  readonly multixactAge: number;
}
