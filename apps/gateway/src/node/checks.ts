import { type ClientRequest, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { Upstream } from "../core/upstream/upstream.ts";
import type { Target } from "./target.ts";

/** A status from here on is a failed check. */
const FAILED = 400;

/** Asks every target of an upstream for its health, at once and then at its interval. Dispose to stop. */
export function startChecks(upstream: Upstream<Target>): Disposable {
  const { path, intervalMs, timeoutMs } = upstream.settings.health;
  if (path === undefined) return { [Symbol.dispose]() {} };
  const checkAll = (): void => {
    for (const target of upstream.targets) {
      check(target, path, timeoutMs, (passed) =>
        upstream.judge(target, passed ? "check-passed" : "check-failed"),
      );
    }
  };
  checkAll();
  const timer = setInterval(checkAll, intervalMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** On a connection of its own: a check must not wait behind, nor vouch for, a connection that is busy. */
function check(target: Target, path: string, timeoutMs: number, tell: (passed: boolean) => void): void {
  const { host, port, tls } = target.address;
  const options = { host, port, path, agent: false, headers: { Host: target.host } };
  const request: ClientRequest = tls === null ? requestHttp(options) : requestHttps({ ...options, ...tls });
  const timer = setTimeout(() => request.destroy(new Error("too slow")), timeoutMs);
  timer.unref();
  let isTold = false;
  const settle = (passed: boolean): void => {
    if (isTold) return;
    isTold = true;
    clearTimeout(timer);
    tell(passed);
    request.destroy();
  };
  request.once("response", (response) => settle((response.statusCode ?? 500) < FAILED));
  request.on("error", () => settle(false));
  request.end();
}
