import type { AlertRule, RuleGroup, Severity } from "../objectives/rule.ts";
import { AUDIT_RULES } from "./audit.ts";
import { BACKUP_RULES } from "./backup.ts";
import { DATABASE_RULES, PLATFORM_RULES } from "./infrastructure.ts";
import { MONITORING_RULES } from "./monitoring.ts";
import { SHIPPED_OBJECTIVES } from "./objectives.ts";
import { RECORDED } from "./recorded.ts";
import { SECURITY_RULES } from "./security.ts";
import { BUSINESS_RULES, SERVICE_RULES } from "./service.ts";

const rules: readonly AlertRule[] = [
  ...SECURITY_RULES,
  ...SERVICE_RULES,
  ...DATABASE_RULES,
  ...PLATFORM_RULES,
  ...BACKUP_RULES,
  ...AUDIT_RULES,
  ...MONITORING_RULES,
];

function ofSeverity(severity: Severity): readonly AlertRule[] {
  return rules.filter((rule) => rule.severity === severity);
}

/** By how urgent they are; what was promised, and what the business is about, by themselves. */
export const SHIPPED_GROUPS: readonly RuleGroup[] = [
  {
    name: "recorded",
    records: RECORDED,
    rules: [],
  },
  { name: "critical", rules: ofSeverity("critical") },
  { name: "warning", rules: ofSeverity("warning") },
  { name: "info", rules: ofSeverity("info") },
  {
    name: "objectives",
    records: SHIPPED_OBJECTIVES.flatMap(({ records }) => records),
    rules: SHIPPED_OBJECTIVES.flatMap(({ alerts }) => alerts),
  },
  { name: "business", rules: BUSINESS_RULES },
];
