import type { MailKind } from "@rempart/identity";
import type { Links } from "./links.ts";
import type { MailText } from "./text.ts";

type Values = Readonly<Record<string, string>>;

const NOT_YOU =
  "Si ce n’était pas vous, changez tout de suite votre mot de passe et fermez vos autres sessions dans les réglages.";

export const french: Readonly<Record<MailKind, (values: Values, links: Links) => MailText>> = {
  "verify-email": ({ name, token }, links) => ({
    subject: "Confirmez votre adresse e-mail",
    paragraphs: [`Bonjour ${name},`, "merci de confirmer que cette adresse est bien la vôtre."],
    link: { label: "Confirmer l’adresse", url: links.verifyEmail(token) },
    after: [
      "Le lien fonctionne une seule fois, pendant un jour. Si vous n’avez rien demandé, ignorez ce message : il ne se passe rien.",
    ],
  }),
  "email-taken": (_, links) => ({
    subject: "Vous avez déjà un compte",
    paragraphs: [
      "Quelqu’un, peut-être vous, a voulu utiliser cette adresse pour un compte. Vous en avez déjà un.",
      "Si c’était vous, connectez-vous ; vous pouvez choisir un nouveau mot de passe si vous avez oublié le vôtre.",
    ],
    link: { label: "Se connecter", url: links.home() },
  }),
  "reset-password": ({ token }, links) => ({
    subject: "Choisissez un nouveau mot de passe",
    paragraphs: [
      "Quelqu’un a demandé un nouveau mot de passe pour votre compte. Si c’était vous, choisissez-le ici :",
    ],
    link: { label: "Choisir un mot de passe", url: links.resetPassword(token) },
    after: [
      "Le lien fonctionne une seule fois, pendant une heure. Si ce n’était pas vous, ignorez ce message : votre mot de passe ne change pas.",
    ],
  }),
  "password-changed": () => ({
    subject: "Votre mot de passe a été changé",
    paragraphs: ["Le mot de passe de votre compte a été changé.", NOT_YOU],
  }),
  "new-sign-in": ({ address, userAgent }) => ({
    subject: "Nouvelle connexion à votre compte",
    paragraphs: [
      "Quelqu’un s’est connecté à votre compte depuis un endroit inhabituel.",
      `Adresse : ${address}. Navigateur : ${userAgent}.`,
      NOT_YOU,
    ],
  }),
  "confirm-email-change": ({ token }, links) => ({
    subject: "Confirmez votre nouvelle adresse e-mail",
    paragraphs: ["Merci de confirmer que votre compte doit désormais utiliser cette adresse."],
    link: { label: "Utiliser cette adresse", url: links.confirmEmail(token) },
    after: ["Le lien fonctionne une seule fois, pendant une heure."],
  }),
  "email-changed": ({ email, token }, links) => ({
    subject: "L’adresse e-mail de votre compte a été changée",
    paragraphs: [
      `Votre compte utilise maintenant ${email}.`,
      "Si ce n’était pas vous, annulez ce changement :",
    ],
    link: { label: "Annuler le changement", url: links.undoEmail(token) },
    after: ["Le lien fonctionne pendant sept jours. Il ferme aussi toutes les sessions du compte."],
  }),
  "email-restored": () => ({
    subject: "Votre compte utilise de nouveau cette adresse",
    paragraphs: ["Le changement d’adresse a été annulé et toutes les sessions ont été fermées.", NOT_YOU],
  }),
  "factor-added": ({ factor }) => ({
    subject: "Un second facteur a été ajouté à votre compte",
    paragraphs: [
      factor === "totp"
        ? "Une application d’authentification a été ajoutée."
        : "Une clé d’accès a été ajoutée.",
      NOT_YOU,
    ],
  }),
  "factor-removed": ({ factor }) => ({
    subject: "Un second facteur a été retiré de votre compte",
    paragraphs: [
      factor === "totp"
        ? "Une application d’authentification a été retirée."
        : "Une clé d’accès a été retirée.",
      NOT_YOU,
    ],
  }),
  "recovery-code-used": ({ left }) => ({
    subject: "Un code de secours de votre compte a été utilisé",
    paragraphs: [`Quelqu’un s’est identifié avec un code de secours. Codes restants : ${left}.`, NOT_YOU],
  }),
  "recovery-codes-replaced": () => ({
    subject: "Vos codes de secours ont été remplacés",
    paragraphs: ["Votre compte a de nouveaux codes de secours. Les anciens ne fonctionnent plus.", NOT_YOU],
  }),
};
