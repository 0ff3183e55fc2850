import type { MailKind } from "@rempart/identity";
import type { Links } from "./links.ts";
import type { MailText } from "./text.ts";

type Values = Readonly<Record<string, string>>;

const NOT_YOU = "If it was not you, change your password now and end your other sessions in the settings.";

export const english: Readonly<Record<MailKind, (values: Values, links: Links) => MailText>> = {
  "verify-email": ({ name, token }, links) => ({
    subject: "Confirm your e-mail address",
    paragraphs: [`Hello ${name},`, "please confirm that this address is yours."],
    link: { label: "Confirm the address", url: links.verifyEmail(token) },
    after: [
      "The link works once, for one day. If you did not ask for this, ignore this mail: nothing happens.",
    ],
  }),
  "email-taken": (_, links) => ({
    subject: "You have an account already",
    paragraphs: [
      "Somebody, perhaps you, tried to use this address for an account. You have one already.",
      "If it was you, sign in; you can choose a new password if you have forgotten yours.",
    ],
    link: { label: "Sign in", url: links.home() },
  }),
  "reset-password": ({ token }, links) => ({
    subject: "Choose a new password",
    paragraphs: ["Somebody asked for a new password for your account. If it was you, choose it here:"],
    link: { label: "Choose a new password", url: links.resetPassword(token) },
    after: ["The link works once, for one hour. If it was not you, ignore this mail: your password stays."],
  }),
  "password-changed": () => ({
    subject: "Your password was changed",
    paragraphs: ["The password of your account was changed.", NOT_YOU],
  }),
  "new-sign-in": ({ address, userAgent }) => ({
    subject: "A new sign-in to your account",
    paragraphs: [
      "Somebody signed in to your account from a place that it was not used from before.",
      `Address: ${address}. Browser: ${userAgent}.`,
      NOT_YOU,
    ],
  }),
  "confirm-email-change": ({ token }, links) => ({
    subject: "Confirm your new e-mail address",
    paragraphs: ["Please confirm that your account shall use this address from now on."],
    link: { label: "Use this address", url: links.confirmEmail(token) },
    after: ["The link works once, for one hour."],
  }),
  "email-changed": ({ email, token }, links) => ({
    subject: "The e-mail address of your account was changed",
    paragraphs: [`Your account now uses ${email}.`, "If it was not you, take it back:"],
    link: { label: "Take the change back", url: links.undoEmail(token) },
    after: ["The link works for seven days. It also ends every session of the account."],
  }),
  "email-restored": () => ({
    subject: "Your account uses this e-mail address again",
    paragraphs: ["The change of the address was taken back, and every session was ended.", NOT_YOU],
  }),
  "factor-added": ({ factor }) => ({
    subject: "A second factor was added to your account",
    paragraphs: [`${factor === "totp" ? "An authenticator app" : "A passkey"} was added.`, NOT_YOU],
  }),
  "factor-removed": ({ factor }) => ({
    subject: "A second factor was removed from your account",
    paragraphs: [`${factor === "totp" ? "An authenticator app" : "A passkey"} was removed.`, NOT_YOU],
  }),
  "recovery-code-used": ({ left }) => ({
    subject: "A recovery code of your account was used",
    paragraphs: [`Somebody proved to be you with a recovery code. Codes that are left: ${left}.`, NOT_YOU],
  }),
  "recovery-codes-replaced": () => ({
    subject: "Your recovery codes were replaced",
    paragraphs: ["Your account has new recovery codes. The old ones do not work any more.", NOT_YOU],
  }),
};
