import { EDGE_PROBLEMS, type Problem } from "../problem.ts";

export interface ApiVersion {
  /** As clients name it: `1`, `2`, `2026-01-15`. */
  readonly version: string;
  /** From when on it is deprecated, in milliseconds since the epoch; may lie ahead (RFC 9745). */
  readonly deprecatedAt?: number;
  /** When it will stop to answer, in milliseconds since the epoch; not before it is deprecated (RFC 8594). */
  readonly sunsetAt?: number;
  /** Where clients read what to do: an https URL or a path. */
  readonly documentation?: string;
}

/** Where a request names its version: `/v1/…`, a header of its own, or `Accept: application/json; version=1`. */
export type VersionPlace = "path" | "media-type" | { readonly header: string };

export interface VersionsOptions {
  readonly versions: readonly ApiVersion[];
  readonly place: VersionPlace;
  /** The version of a request that names none. Absent: such a request is refused. */
  readonly fallback?: string;
}

export interface VersionedRequest {
  /** Path and query, as sent. */
  readonly target: string;
  header(name: string): string | undefined;
}

export type VersionChoice =
  | {
      readonly supported: true;
      readonly version: string;
      /** The target without its version, where that stood in the path. */
      readonly target: string;
      /** For the answer, as a flat list: what is deprecated says so, and a header that chose is named in `Vary`. */
      readonly headers: readonly string[];
    }
  | { readonly supported: false; readonly problem: Problem };

const NAME = /^[0-9a-z][0-9a-z.-]{0,29}$/;
const LINK = /^(?:https:\/|)\/[A-Za-z0-9._~/?#=&%:-]{0,500}$/;

/** Compiles the versions of an API into the function that picks one. Throws `TypeError` for what contradicts itself. */
export function createVersions(options: VersionsOptions): (request: VersionedRequest) => VersionChoice {
  const { versions, place, fallback } = options;
  const vary = varyOf(place);
  const known = new Map(versions.map((version) => [version.version, [...lifecycle(version), ...vary]]));
  if (known.size === 0 || known.size !== versions.length) throw new TypeError("expects versions, each once");
  if (fallback !== undefined && !known.has(fallback)) throw new TypeError(`there is no version ${fallback}`);
  const problem = unsupported([...known.keys()]);
  return (request) => {
    const { version = fallback, target } = readVersion(request, place);
    const headers = version === undefined ? undefined : known.get(version);
    if (version === undefined || headers === undefined) return { supported: false, problem };
    return { supported: true, version, target, headers };
  };
}

function varyOf(place: VersionPlace): string[] {
  if (place === "path") return [];
  return ["Vary", place === "media-type" ? "Accept" : place.header];
}

/** RFC 9745, 2 (a structured date, in seconds) and RFC 8594, 3 (an HTTP date). */
function lifecycle({ version, deprecatedAt, sunsetAt, documentation }: ApiVersion): string[] {
  if (!NAME.test(version)) throw new TypeError(`${JSON.stringify(version)} is no name of a version`);
  if (sunsetAt !== undefined && sunsetAt < (deprecatedAt ?? Number.POSITIVE_INFINITY)) {
    throw new TypeError(`version ${version} must be deprecated before its sunset`);
  }
  if (documentation !== undefined && !LINK.test(documentation))
    throw new TypeError(`version ${version}: expects a link`);
  const headers: string[] = [];
  if (deprecatedAt !== undefined) headers.push("Deprecation", `@${Math.floor(deprecatedAt / 1000)}`);
  if (sunsetAt !== undefined) headers.push("Sunset", new Date(sunsetAt).toUTCString());
  if (deprecatedAt !== undefined && documentation !== undefined)
    headers.push("Link", `<${documentation}>; rel="deprecation"`);
  return headers;
}

function unsupported(supported: readonly string[]): Problem {
  return {
    ...EDGE_PROBLEMS.unsupportedVersion,
    detail: `Supported versions: ${supported.join(", ")}`,
    members: { supported },
  };
}

function readVersion(
  request: VersionedRequest,
  place: VersionPlace,
): { version: string | undefined; target: string } {
  const { target } = request;
  if (place === "path") {
    const found = /^\/v([0-9][0-9a-z.-]{0,29})(?=[/?]|$)/.exec(target);
    if (found === null) return { version: undefined, target };
    const rest = target.slice(found[0].length);
    return { version: found[1], target: rest.startsWith("/") ? rest : `/${rest}` };
  }
  if (place === "media-type") return { version: mediaVersion(request.header("accept")), target };
  return { version: request.header(place.header.toLowerCase())?.trim(), target };
}

const MAX_ACCEPT = 1000;

/** The first `version` parameter of `Accept`, or undefined. */
function mediaVersion(accept = ""): string | undefined {
  if (accept.length > MAX_ACCEPT) return undefined;
  return /;[ \t]{0,8}version="?([0-9a-z][0-9a-z.-]{0,29})"?[ \t]{0,8}(?:[;,]|$)/i.exec(accept)?.[1];
}
