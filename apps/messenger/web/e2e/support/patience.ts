/** Milliseconds that a screen may take to come: on a busy machine several people's pages start at once. */
export const PATIENCE_MS = 90_000;
