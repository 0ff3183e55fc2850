import { type EdgeContext, Exchange } from "../exchange.ts";
import type { RequestSchemas, Validated } from "./validator.ts";

/**
 * What the edge validated, with the types of the schemas: give it the very object that is the route's `validate`. Throws
 * `TypeError` in a handler of another route: what was never validated has no such type.
 */
export function validated<const Schemas extends RequestSchemas>(
  context: EdgeContext,
  schemas: Schemas,
): Validated<Schemas> {
  if (!(context instanceof Exchange) || context.matched.validate?.schemas !== schemas)
    throw new TypeError("this route is not validated with these schemas");
  return context.parts as Validated<Schemas>;
}
