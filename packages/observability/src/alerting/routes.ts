/** Which receiver is told of an alert, with whom, and when: the words and the semantics of Alertmanager's routes. */
import type { Labels } from "../history/series.ts";
import { matchers, type Where } from "../rules/builders.ts";
import type { Matcher } from "../rules/expression.ts";
import { matches } from "../rules/select.ts";

/** Also tells this receiver when an alert was told so long ago and is neither acknowledged nor resolved. */
export interface Escalation {
  readonly afterMs: number;
  readonly receiver: string;
}

/** What a route leaves out, it has from the one above it. */
export interface Route {
  readonly receiver?: string;
  /** On the labels of an alert, `alertname`, `severity` and `component` among them. All must hold; default: every alert. */
  readonly where?: Where<string>;
  /** Alerts that are equal in these labels are told together. */
  readonly groupBy?: readonly string[];
  /** From a group's first alert until it is told: what else fires by then is told with it. */
  readonly groupWaitMs?: number;
  /** From one notification about a group to the next that says something new. */
  readonly groupIntervalMs?: number;
  /** When what was told, and did not change, is told again. */
  readonly repeatMs?: number;
  /** Soonest first. */
  readonly escalate?: readonly Escalation[];
  /** The routes after this one are asked too. */
  readonly continue?: boolean;
  /** The first that matches is taken; when none does, this one is. */
  readonly routes?: readonly Route[];
}

/** The route that every alert comes to. Unless told: one group, 30 seconds, 5 minutes, 4 hours, as in Alertmanager. */
export interface RouteTree extends Route {
  readonly receiver: string;
}

/** A route with what it has from those above it. */
export interface ResolvedRoute {
  /** The same for the same conditions, and no other route has it. */
  readonly key: string;
  readonly receiver: string;
  /** In their order. */
  readonly groupBy: readonly string[];
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatMs: number;
  readonly escalate: readonly Escalation[];
}

const MINUTE_MS = 60_000;

const DEFAULTS = {
  groupBy: [],
  groupWaitMs: 30_000,
  groupIntervalMs: 5 * MINUTE_MS,
  repeatMs: 240 * MINUTE_MS,
  escalate: [],
} as const;

/** Answers the routes that an alert with these labels takes, in order; never none. */
export type Router = (labels: Labels) => readonly ResolvedRoute[];

export function routerOf(tree: RouteTree): Router {
  const root = nodeOf(tree, resolved(tree, rootOf(tree)));
  return (labels) => taken(root, labels);
}

/** The routes that an alert with these labels takes. */
export function routesFor(tree: RouteTree, labels: Labels): readonly ResolvedRoute[] {
  return routerOf(tree)(labels);
}

interface Node {
  readonly self: ResolvedRoute;
  readonly matchers: readonly Matcher[];
  readonly goesOn: boolean;
  readonly children: readonly Node[];
}

function nodeOf(route: Route, self: ResolvedRoute): Node {
  return {
    self,
    matchers: matchers(route.where),
    goesOn: route.continue === true,
    children: (route.routes ?? []).map((child) => nodeOf(child, resolved(child, self))),
  };
}

function taken({ self, children }: Node, labels: Labels): readonly ResolvedRoute[] {
  const found: ResolvedRoute[] = [];
  for (const child of children) {
    if (!child.matchers.every((matcher) => matches(matcher, labels))) continue;
    found.push(...taken(child, labels));
    if (!child.goesOn) break;
  }
  return found.length === 0 ? [self] : found;
}

function rootOf({ receiver }: RouteTree): ResolvedRoute {
  return { ...DEFAULTS, key: "", receiver };
}

/** Whether the labels fulfil every condition. */
export function holds(where: Where<string> | undefined, labels: Labels): boolean {
  return matchers(where).every((matcher) => matches(matcher, labels));
}

function resolved(route: Route, above: ResolvedRoute): ResolvedRoute {
  const receiver = route.receiver ?? above.receiver;
  return {
    key: `${above.key}/${JSON.stringify(matchers(route.where))}>${receiver}`,
    receiver,
    groupBy: route.groupBy?.toSorted() ?? above.groupBy,
    groupWaitMs: route.groupWaitMs ?? above.groupWaitMs,
    groupIntervalMs: route.groupIntervalMs ?? above.groupIntervalMs,
    repeatMs: route.repeatMs ?? above.repeatMs,
    escalate: route.escalate ?? above.escalate,
  };
}

/** Throws TypeError for a tree that names a receiver that is not there, times that are none, or two routes that are one. */
export function checkRoutes(tree: RouteTree, receivers: ReadonlySet<string>): void {
  const seen = new Set<string>();
  const check = (route: Route, self: ResolvedRoute): void => {
    if (seen.has(self.key)) throw new TypeError(`two routes are the same: ${self.key}`);
    seen.add(self.key);
    for (const name of receiversOf(self)) {
      if (!receivers.has(name))
        throw new TypeError(`a route names the receiver "${name}", which is not there`);
    }
    for (const ms of [self.groupIntervalMs, self.repeatMs, ...self.escalate.map(({ afterMs }) => afterMs)]) {
      if (!(ms > 0)) throw new TypeError(`a route has the time ${ms} ms`);
    }
    for (const child of route.routes ?? []) check(child, resolved(child, self));
  };
  if (tree.where !== undefined)
    throw new TypeError("every alert comes to the first route: it has no conditions");
  check(tree, resolved(tree, rootOf(tree)));
}

function receiversOf({ receiver, escalate }: ResolvedRoute): string[] {
  return [receiver, ...escalate.map((level) => level.receiver)];
}
