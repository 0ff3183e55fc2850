import type { RuleGroup } from "../objectives/rule.ts";
import { SHIPPED_OBJECTIVES } from "./objectives.ts";
import { SECURITY_RULES } from "./security.ts";
import { BUSINESS_RULES, SERVICE_RULES } from "./service.ts";

export const SHIPPED_GROUPS: readonly RuleGroup[] = [
  { name: "security", rules: SECURITY_RULES },
  { name: "service", rules: SERVICE_RULES },
  { name: "objectives", rules: SHIPPED_OBJECTIVES.flatMap(({ alerts }) => alerts) },
  { name: "business", rules: BUSINESS_RULES },
];
