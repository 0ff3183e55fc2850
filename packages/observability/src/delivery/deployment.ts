/** Times are milliseconds since the Unix epoch. */
export interface Deployment {
  readonly environment: string;
  /** One for each deployment of an environment. */
  readonly id: string;
  readonly version: string;
  readonly commit: string;
  readonly deployedAt: number;
  /** When the oldest change in it was committed; null where nobody said. */
  readonly committedAt: number | null;
  /** It had to be taken back or mended at once. */
  readonly failed: boolean;
}

export interface Incident {
  readonly id: string;
  readonly environment: string;
  readonly title: string;
  readonly openedAt: number;
  /** Null while it goes on. */
  readonly closedAt: number | null;
  /** Id of the deployment that caused it, where somebody said. */
  readonly deployment: string | null;
}
