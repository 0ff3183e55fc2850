/** What a browser may be told to forget (W3C Clear Site Data, section 3.1). */
export type SiteData = "cache" | "cookies" | "storage" | "prefetchCache" | "prerenderCache";

const ON_SIGN_OUT: readonly SiteData[] = ["cache", "cookies", "storage"];

/**
 * Name and value of the header for the answer to a sign-out: nothing of the account stays on a shared machine. Browsers
 * obey it over https only, and `cookies` covers the whole registrable domain: leave it out where siblings keep theirs.
 */
export function clearSiteData(
  kinds: readonly SiteData[] = ON_SIGN_OUT,
): readonly [name: string, value: string] {
  if (kinds.length === 0) throw new TypeError("expects at least one kind of data");
  return ["Clear-Site-Data", kinds.map((kind) => `"${kind}"`).join(", ")];
}
