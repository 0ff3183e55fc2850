/** The links of mails that do something, by the name before their secret. */
export const LINK_KINDS = ["verify-email", "reset-password", "confirm-email", "undo-email"] as const;
export type LinkKind = (typeof LINK_KINDS)[number];

/** What an address brings along behind its `#`, where no server sees it. */
export interface Arrival {
  readonly kind: "invitation" | LinkKind;
  readonly token: string;
}

const MAX_CHARACTERS = 128;

/** What `#<kind>=<token>` says; null for anything else. */
export function arrivalOf(hash: string): Arrival | null {
  const parameters = new URLSearchParams(hash.replace(/^#/, ""));
  for (const kind of ["invitation", ...LINK_KINDS] as const) {
    const token = parameters.get(kind);
    if (token !== null && token !== "" && token.length <= MAX_CHARACTERS) return { kind, token };
  }
  return null;
}
