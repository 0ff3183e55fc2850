/** The audit log is written, published and carried on. */
import { alert } from "../objectives/rule.ts";
import { above, both, counterOf, gaugeOf, increase } from "../rules/builders.ts";
import { auditEventsDropped, auditHeadAge, auditSinkLag, auditUnpublished } from "./metrics.ts";
import { beside, burstScenario, gaugeScenario } from "./scenarios.ts";

export const AUDIT_RULES = [
  alert({
    name: "AuditLogStalled",
    // The head also ages while nothing happens: it is late only when there is something to publish.
    expression: both(above(gaugeOf(auditUnpublished), 0), above(gaugeOf(auditHeadAge), 300)),
    for: "2m",
    severity: "critical",
    component: "audit",
    summary:
      "What happened is not published for five minutes: nobody can prove it, and somebody could still change it.",
    runbook: "audit-log",
    scenario: beside(gaugeScenario(auditUnpublished, 0, 40), auditHeadAge, 900),
  }),
  alert({
    name: "AuditSinkBehind",
    expression: above(gaugeOf(auditSinkLag), 10_000),
    for: "5m",
    severity: "warning",
    component: "audit",
    summary: "A sink lacks more than 10,000 entries of the audit log: it does not take them.",
    runbook: "audit-log",
    scenario: gaugeScenario(auditSinkLag, 10, 20_000, { sink: "webhook" }),
  }),
  alert({
    name: "AuditEventsDropped",
    expression: above(increase(counterOf(auditEventsDropped), "10m"), 0),
    severity: "warning",
    component: "audit",
    summary: "Events came faster than they could be written into the audit log, and are lost.",
    runbook: "audit-log",
    scenario: burstScenario(auditEventsDropped, 5, "20m"),
  }),
];
