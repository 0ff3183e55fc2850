import { createEdge, EdgeError } from "@rempart/edge";
import type { z } from "zod";
import { edgeConfig } from "../core/routing.ts";
import { GatewayError } from "../errors.ts";
import { type GatewaySettings, gatewaySchema } from "./schema.ts";

/** Every default filled in. Throws `invalid-configuration` with one line per wrong field, each naming it. */
export function readGatewayConfig(given: unknown): GatewaySettings {
  const result = gatewaySchema.safeParse(given);
  if (!result.success) throw invalid(result.error.issues.flatMap(problemsOf));
  const problems = [...contradictions(result.data), ...edgeProblems(result.data)];
  if (problems.length > 0) throw invalid(problems);
  return result.data;
}

interface FieldProblem {
  readonly field: string;
  readonly problem: string;
}

function invalid(problems: readonly FieldProblem[]): GatewayError {
  const lines = problems.map(({ field, problem }) => `  ${field}: ${problem}`);
  return new GatewayError("invalid-configuration", `The configuration is wrong:\n${lines.join("\n")}`, {
    details: { fields: problems.map(({ field }) => field) },
  });
}

function problemsOf(issue: z.core.$ZodIssue): FieldProblem[] {
  const field = fieldName(issue.path);
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({ field: fieldName([...issue.path, key]), problem: "is not known" }));
  return [{ field, problem: issue.message }];
}

/** `routes[0].upstream`, as it is written in the file. */
function fieldName(path: readonly PropertyKey[]): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else text += text === "" ? String(part) : `.${String(part)}`;
  }
  return text === "" ? "(the whole)" : text;
}

/** The edge refuses by itself what contradicts itself: asked here, so that one message names every wrong field. */
function edgeProblems(settings: GatewaySettings): FieldProblem[] {
  try {
    createEdge(edgeConfig(settings, () => {}));
    return [];
  } catch (error) {
    if (!(error instanceof EdgeError)) throw error;
    const field = String(error.details.field);
    const problem = error.message.slice(field.length + 2);
    return [{ field: field.startsWith("routes[") ? field : `edge.${field}`, problem }];
  }
}

/** What each field alone cannot show. */
function contradictions({ upstreams, routes }: GatewaySettings): FieldProblem[] {
  const seen = new Set<string>(["default"]);
  return routes.flatMap((route, i) => {
    const problems: FieldProblem[] = [];
    const at = (field: string, problem: string) => problems.push({ field: `routes[${i}].${field}`, problem });
    if (seen.has(route.name)) at("name", `"${route.name}" is taken`);
    seen.add(route.name);
    if (route.upstream === undefined && route.deny !== true) at("upstream", "is missing");
    if (route.upstream !== undefined && !Object.hasOwn(upstreams, route.upstream))
      at("upstream", `no upstream is named "${route.upstream}"`);
    return problems;
  });
}
