import { EDGE_PROBLEMS, type Problem } from "@rempart/edge";

/** Every refusal of the application itself. */
export const PROBLEMS = {
  unauthorized: { status: 401, code: "unauthorized", title: "An API key or a token is required" },
  notFound: EDGE_PROBLEMS.notFound,
  invalid: { status: 422, code: "invalid", title: "Validation failed" },
  invalidId: { status: 422, code: "invalid-id", title: "An id is lower-case letters, digits and hyphens" },
  full: { status: 409, code: "registry-full", title: "There is no room for another plugin" },
} as const satisfies Record<string, Problem>;
