import type { Authenticated } from "@rempart/identity";
import type { ROUTES, RouteName } from "@rempart/messaging/contract";
import type { z } from "zod";
import type { Refusal } from "../refusal.ts";
import type { ServedCall } from "./serve-routes.ts";

type Declared<Name extends RouteName> = (typeof ROUTES)[Name];

type Parsed<R, Key extends string> =
  R extends Record<Key, infer S extends z.ZodType> ? z.output<S> : undefined;

/** A validated request to a declared route. */
export interface CallOf<R, Caller> extends ServedCall<Caller> {
  readonly params: Parsed<R, "params">;
  readonly query: Parsed<R, "query">;
  readonly body: Parsed<R, "body">;
}

/** What a declared route answers; null where it says nothing. */
export type AnswerTo<R> = R extends { answer: "events" }
  ? Response
  : R extends { answer: infer S extends z.ZodType }
    ? z.input<S>
    : null;

export type Call<Name extends RouteName> = CallOf<
  Declared<Name>,
  Declared<Name>["access"] extends "session" ? Authenticated : null
>;

export type Handler<Name extends RouteName> = (
  call: Call<Name>,
) => Promise<AnswerTo<Declared<Name>> | Refusal>;

/** One handler for every route of the contract: a missing or wrongly typed one does not compile. */
export type Handlers = { readonly [Name in RouteName]: Handler<Name> };
