import type { RequestFacts } from "../src/facts.ts";

export interface GivenFacts {
  readonly method?: string;
  readonly target?: string;
  readonly peer?: string;
  readonly encrypted?: boolean;
  readonly upgrade?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly headerCount?: number;
  readonly repeated?: readonly string[];
}

/** Facts of a plain `GET /` to `app.example.com`, changed as given. */
export function facts(given: GivenFacts = {}): RequestFacts {
  const headers: Record<string, string> = { host: "app.example.com", ...given.headers };
  return {
    method: given.method ?? "GET",
    target: given.target ?? "/",
    peer: given.peer ?? "198.51.100.7",
    encrypted: given.encrypted ?? false,
    upgrade: given.upgrade ?? false,
    headerCount: given.headerCount ?? Object.keys(headers).length,
    headerNames: () => Object.keys(headers),
    header: (name) => headers[name],
    repeated: (name) => given.repeated?.includes(name) ?? false,
  };
}
