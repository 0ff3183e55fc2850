import { DatabaseError, isTransient } from "@rempart/database";
import { EDGE_PROBLEMS, type Problem } from "@rempart/edge/problems";
import { IdentityError } from "@rempart/identity";
import { PROBLEMS, type ProblemCode } from "@rempart/messaging/contract";
import type { z } from "zod";
import type { Refusal } from "../refusal.ts";

export function problemOf(code: ProblemCode, detail?: string, members?: Record<string, unknown>): Problem {
  const { status, title } = PROBLEMS[code];
  return {
    status,
    code,
    title,
    ...(detail === undefined ? {} : { detail }),
    ...(members === undefined ? {} : { members }),
  };
}

export function refusalProblem(refusal: Refusal): Problem {
  return problemOf(refusal.code, refusal.detail, { ...refusal.extensions });
}

export type Place = "path" | "query" | "body";

/** Names every wrong value by place and JSON pointer (RFC 6901), never its content. */
export function validationProblem(place: Place, error: z.ZodError): Problem {
  const errors = error.issues.slice(0, MAX_ISSUES).map((issue) => ({
    in: place,
    pointer: pointer(issue.path),
    message: issue.message,
  }));
  return problemOf("validation-failed", undefined, { errors });
}

const MAX_ISSUES = 50;

function pointer(path: readonly PropertyKey[]): string {
  return path.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** What other packages throw, as what a client may know. Null: a failure of ours. */
export function toProblem(error: unknown): Problem | null {
  if (error instanceof IdentityError) {
    return problemOf(error.code, SHOWN.has(error.code) ? error.message : undefined, { ...error.details });
  }
  if (isTransient(error) || isUncertain(error)) return EDGE_PROBLEMS.unavailable;
  return null;
}

/** Codes whose message tells a person what to do. */
const SHOWN: ReadonlySet<string> = new Set(["weak-password", "validation-failed"]);

/** The connection was lost during COMMIT: asking again with the same id gives a definite answer. */
function isUncertain(error: unknown): boolean {
  return error instanceof DatabaseError && (error.code === "commit-unknown" || error.code === "closed");
}
