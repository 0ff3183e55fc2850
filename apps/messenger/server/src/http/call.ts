import type { EdgeContext } from "@rempart/edge";
import type { Authenticated } from "@rempart/identity";
import type { ROUTES, RouteName } from "@rempart/messaging/contract";
import type { z } from "zod";
import type { Refusal } from "../refusal.ts";
import type { Headers } from "./credentials.ts";

type Declared<Name extends RouteName> = (typeof ROUTES)[Name];

type Parsed<R, Key extends string> =
  R extends Record<Key, infer S extends z.ZodType> ? z.output<S> : undefined;

/** A validated request to a route. */
export interface Call<Name extends RouteName> {
  readonly params: Parsed<Declared<Name>, "params">;
  readonly query: Parsed<Declared<Name>, "query">;
  readonly body: Parsed<Declared<Name>, "body">;
  readonly caller: Declared<Name>["access"] extends "session" ? Authenticated : null;
  readonly context: EdgeContext;
  readonly userAgent: string;
  readonly headers: Headers;
  /** Adds a `Set-Cookie` line to the answer. */
  setCookie(line: string): void;
}

export type AnswerOf<Name extends RouteName> =
  Declared<Name> extends { answer: infer S extends z.ZodType } ? z.input<S> : null;

export type Handler<Name extends RouteName> = (call: Call<Name>) => Promise<AnswerOf<Name> | Refusal>;

/** One handler for every route of the contract: a missing or wrongly typed one does not compile. */
export type Handlers = { readonly [Name in RouteName]: Handler<Name> };
