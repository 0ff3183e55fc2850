import type { z } from "zod";
import { describeConfig, type VariableDescription } from "./config-description.ts";
import { RuntimeError } from "./errors.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads every variable of `schema` from `env` at once. An empty variable counts as unset, as in an `.env` file with
 * nothing after the `=`.
 *
 * Throws `invalid-configuration` whose message has one line per wrong variable: its name, what is wrong, what is allowed
 * and the default. The text of a variable is never repeated, since any of them may hold a secret by mistake.
 */
export function readConfig<T>(schema: z.ZodType<T>, env: Environment): T {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ""),
  );
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const variables = new Map(describeConfig(schema).map((variable) => [variable.name, variable]));
  const problems = result.error.issues.map((issue) => describeProblem(issue, given, variables));
  const lines = [...new Set(problems)];
  const title = lines.length === 1 ? "A variable is wrong" : `${lines.length} variables are wrong`;
  throw new RuntimeError(
    "invalid-configuration",
    `${title}:\n${lines.map((line) => `  ${line}`).join("\n")}`,
    {
      details: { variables: [...new Set(result.error.issues.map((issue) => String(issue.path[0] ?? "")))] },
    },
  );
}

function describeProblem(
  issue: z.core.$ZodIssue,
  given: Record<string, string | undefined>,
  variables: ReadonlyMap<string, VariableDescription>,
): string {
  const name = issue.path[0] === undefined ? undefined : String(issue.path[0]);
  if (name === undefined) return issue.message;
  const variable = variables.get(name);
  const value = given[name];
  const problem = value === undefined ? "is not set" : `is ${shapeOf(value)}`;
  const allowed = variable?.allowed ?? issue.message;
  const fallback = variable?.default === undefined ? "" : ` (default ${variable.default})`;
  return `${name} ${problem}; it must be ${allowed}${fallback}`;
}

/** What a person needs to recognise their mistake, without the text: a number may be shown, a word may not. */
function shapeOf(value: string): string {
  if (/^[+-]?\d{1,9}(\.\d{1,9})?$/.test(value)) return value;
  const blanks = value.trim() === value ? "" : ", with blanks around it";
  return `${value.length === 1 ? "1 character" : `${value.length} characters`} of text${blanks}`;
}
