export { type Expected, toRuleFile, toRuleTests } from "./prometheus.ts";
