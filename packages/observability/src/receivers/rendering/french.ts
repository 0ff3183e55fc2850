import type { Phrases } from "./phrases.ts";

const plural = (count: number, word: string): string => (count < 2 ? word : `${word}s`);

export const french: Phrases = {
  locale: "fr-FR",
  severities: { critical: "critique", warning: "avertissement", info: "information" },
  resolved: "résolu",
  test: "test",
  occasions: {
    changed: "modifié",
    repeated: "toujours actif",
    escalated: "escalade",
    acknowledged: "pris en charge",
  },
  andMore: (count, write) => `et ${write(count)} ${plural(count, "autre")}`,
  counts: ({ firing, resolved, omitted }, write) => {
    const parts = [
      firing > 0 ? `${write(firing)} ${plural(firing, "alerte")} en cours` : "",
      resolved > 0 ? `${write(resolved)} ${plural(resolved, "alerte")} ${plural(resolved, "résolue")}` : "",
      omitted > 0 ? `${write(omitted)} ${plural(omitted, "autre")}` : "",
    ];
    return `${parts.filter((part) => part !== "").join(", ")}.`;
  },
  testLead: "Ceci est un test : tout va bien.",
  escalatedLead: "Personne n’y a mis fin à temps : vous êtes prévenu à votre tour.",
  notListed: (count, write) => `… et ${write(count)} ${plural(count, "autre")} ${plural(count, "alerte")}.`,
  severity: "Gravité",
  component: "Composant",
  since: "Depuis",
  resolvedAt: "Résolu",
  value: "Valeur",
  labels: "Étiquettes",
  flapping: "Instable",
  comesAndGoes: "l’alerte va et vient ; elle reste active jusqu’à sa disparition durable",
  acknowledgedBy: "Pris en charge par",
  runbook: "Procédure",
  console: "Console",
  colon: " : ",
  lasting: (time, duration) => `${time} (il y a ${duration})`,
  lasted: (time, duration) => `${time} (après ${duration})`,
};
