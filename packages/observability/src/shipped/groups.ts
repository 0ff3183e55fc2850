import type { AlertRule } from "../objectives/rule.ts";
import { SHIPPED_OBJECTIVES } from "./objectives.ts";
import { SECURITY_RULES } from "./security.ts";
import { BUSINESS_RULES, SERVICE_RULES } from "./service.ts";

/** Rules that are evaluated together, one after the other. */
export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly AlertRule[];
}

export const SHIPPED_GROUPS: readonly RuleGroup[] = [
  { name: "security", rules: SECURITY_RULES },
  { name: "service", rules: SERVICE_RULES },
  { name: "objectives", rules: SHIPPED_OBJECTIVES.flatMap(({ alerts }) => alerts) },
  { name: "business", rules: BUSINESS_RULES },
];
