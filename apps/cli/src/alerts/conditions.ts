import type { MuteRequest } from "@rempart/observability";
import { InvalidArgumentError } from "commander";

type Where = MuteRequest["where"];

export const CONDITION_HELP =
  "on alertname, severity, component or a label: name=a, name!=a, name=a|b, name!=a|b, name^=begins";

/** For commander: called with each argument, and with what the ones before it made. */
export function condition(text: string, before: Where = {}): Where {
  const [, label, op, value] = /^([A-Za-z_][A-Za-z0-9_]*)(=|!=|\^=)(.+)$/s.exec(text) ?? [];
  if (label === undefined || value === undefined)
    throw new InvalidArgumentError("Expected a condition, as in severity=warning.");
  // As Alertmanager writes it. Taken as a value it would silence nothing, and look as if it did.
  if (op !== "^=" && value.startsWith("~"))
    throw new InvalidArgumentError("There are no regular expressions: name=a|b, or name^=begins.");
  if (Object.hasOwn(before, label))
    throw new InvalidArgumentError(`There is a condition on ${label} already.`);
  return { ...before, [label]: conditionOf(op, value) };
}

function conditionOf(op: string | undefined, value: string): NonNullable<Where[string]> {
  if (op === "^=") return { startsWith: value };
  const values = value.split("|");
  if (op === "=") return values.length === 1 ? value : { oneOf: values };
  return values.length === 1 ? { not: value } : { noneOf: values };
}

/** As it would be typed. */
export function conditionsText(where: Where): string {
  return Object.entries(where)
    .map(([label, one]) => {
      if (one === undefined || typeof one === "string") return `${label}=${one ?? ""}`;
      if ("not" in one) return `${label}!=${one.not}`;
      if ("startsWith" in one) return `${label}^=${one.startsWith}`;
      return "oneOf" in one ? `${label}=${one.oneOf.join("|")}` : `${label}!=${one.noneOf.join("|")}`;
    })
    .join(" ");
}
