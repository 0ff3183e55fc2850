/** A segment of one or two dots, plain or encoded, with or without path parameters (`..;x`), between any kind of slash. */
const DOT_SEGMENT = /(?:\/|%2f|%5c)(?:\.|%2e){1,2}(?=$|\/|;|%2f|%5c|%3b)/i;

/**
 * Whether a request target can be passed on as it was sent. The edge's policies look at its canonical path; the service
 * behind reads it its own way. `/public/../admin` would be one thing here and another there, so dot segments are refused, in
 * every spelling, instead of rewritten: clients resolve them before they send (RFC 3986, 5.2.4).
 */
export function isForwardable(target: string): boolean {
  let end = target.length;
  let mayHide = false;
  for (let i = 0; i < target.length; i += 1) {
    const code = target.charCodeAt(i);
    if (code <= 32 || code === 127 || code === 35) return false;
    if (i > end) continue;
    if (code === 63) end = i;
    else if (code === 46 || code === 37) mayHide = true;
  }
  return !mayHide || !DOT_SEGMENT.test(target.slice(0, end));
}
