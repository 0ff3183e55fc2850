export interface S3RepositoryOptions {
  readonly bucket: string;
  readonly region: string;
  /** Below which all objects stand, such as `rempart/production`; the bucket's top unless told. */
  readonly prefix?: string;
  /** Of a store that is not AWS's. */
  readonly endpoint?: string;
  /** The bucket stands in the path, not in the host's name: stores that are not AWS's mostly need it. */
  readonly pathStyle?: boolean;
  /** File with the authorities that the store's certificate may be of; those that Node trusts unless told. */
  readonly authorities?: string;
  /** Of new objects; the store's own unless told. */
  readonly storageClass?: StorageClass;
  /** For what is kept for its own moment alone; it must be read without being thawed first. `GLACIER_IR` unless told. */
  readonly archiveClass?: StorageClass;
  /** Nobody may remove backups and log for so long, us included. The bucket must have object lock. */
  readonly lock?: { readonly mode: "GOVERNANCE" | "COMPLIANCE"; readonly days: number };
  /** Milliseconds without a byte until a connection is given up; 30 seconds unless told. */
  readonly idleMs?: number;
}

export type StorageClass = "STANDARD" | "STANDARD_IA" | "ONEZONE_IA" | "INTELLIGENT_TIERING" | "GLACIER_IR";
