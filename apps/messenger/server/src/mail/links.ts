/** Where the links in mails lead. The secret stands behind `#`: no server and no log ever sees it. */
export interface Links {
  home(): string;
  verifyEmail(token: string | undefined): string;
  resetPassword(token: string | undefined): string;
  confirmEmail(token: string | undefined): string;
  undoEmail(token: string | undefined): string;
}

export function linksOf(origin: string): Links {
  const link =
    (name: string) =>
    (token = ""): string =>
      `${origin}/#${name}=${encodeURIComponent(token)}`;
  return {
    home: () => `${origin}/`,
    verifyEmail: link("verify-email"),
    resetPassword: link("reset-password"),
    confirmEmail: link("confirm-email"),
    undoEmail: link("undo-email"),
  };
}
