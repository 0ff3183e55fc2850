import { canonicalPath } from "../routes.ts";
import { reject } from "../verdict.ts";
import { createVersions, type VersionsOptions } from "../versioning/versions.ts";
import type { Policy } from "./policy.ts";

/** Settles which version of the API is asked. A path is read as routes read it, so that no spelling hides a version. */
export function versions(options: VersionsOptions): Policy {
  const choose = createVersions(options);
  return (exchange) => {
    const { facts, matched } = exchange;
    if (!matched.versioned || facts.upgrade) return null;
    const target = canonicalPath(facts.target) ?? facts.target;
    const choice = choose({ target, header: (name) => facts.header(name) });
    if (!choice.supported) return reject(choice.problem);
    exchange.version = choice.version;
    exchange.addHeaders(choice.headers);
    return null;
  };
}
