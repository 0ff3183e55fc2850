import type { Phrases } from "./phrases.ts";

export const english: Phrases = {
  locale: "en-GB",
  severities: { critical: "critical", warning: "warning", info: "info" },
  resolved: "resolved",
  test: "test",
  occasions: {
    changed: "changed",
    repeated: "still firing",
    escalated: "escalated",
    acknowledged: "acknowledged",
  },
  andMore: (count, write) => `and ${write(count)} more`,
  counts: ({ firing, resolved, omitted }, write) => {
    const parts = [
      firing > 0 ? `${write(firing)} ${firing === 1 ? "alert is" : "alerts are"} firing` : "",
      resolved > 0 ? `${write(resolved)} ${resolved === 1 ? "alert is" : "alerts are"} resolved` : "",
      omitted > 0 ? `${write(omitted)} more` : "",
    ];
    return `${parts.filter((part) => part !== "").join(", ")}.`;
  },
  testLead: "This is a test: nothing is wrong.",
  escalatedLead: "Nobody has ended it in time, so you are told as well.",
  notListed: (count, write) => `… and ${write(count)} more ${count === 1 ? "alert" : "alerts"}.`,
  severity: "Severity",
  component: "Component",
  since: "Since",
  resolvedAt: "Resolved",
  value: "Value",
  labels: "Labels",
  flapping: "Flapping",
  comesAndGoes: "it comes and goes, and is held as firing until it stays away",
  acknowledgedBy: "Acknowledged by",
  runbook: "Runbook",
  console: "Console",
  colon: ": ",
  lasting: (time, duration) => `${time} (for ${duration})`,
  lasted: (time, duration) => `${time} (after ${duration})`,
};
