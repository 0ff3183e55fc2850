/** What a check hands back. `problems` fail it; `notes` are shown and do not. */
export interface Outcome {
  readonly problems: readonly string[];
  readonly notes?: readonly string[];
}

export interface Check {
  readonly name: string;
  /** `root`: the repository to judge; tests pass small ones of their own. */
  run(root: string): Outcome | Promise<Outcome>;
}
