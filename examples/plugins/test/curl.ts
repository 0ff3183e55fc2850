/** Runs a `curl` command line as it would be typed, against a service of our own instead of the host it names. */

const WORD = /"([^"]*)"|'([^']*)'|(\S+)/g;

/** Understands `-I`, `-X`, `-H` and `-d`. */
export function curl(origin: string, command: string): Promise<Response> {
  const words = [...command.matchAll(WORD)].map(([, double, single, bare]) => double ?? single ?? bare ?? "");
  const headers = new Headers({ "User-Agent": "curl/8.14.1" });
  let method: string | null = null;
  let body: string | null = null;
  let target = "/";
  for (let i = 1; i < words.length; i += 1) {
    const word = words[i] as string;
    const value = words[i + 1] ?? "";
    if (word === "-I") method = "HEAD";
    else if (word.startsWith("http")) target = new URL(word).pathname;
    else if (word === "-X") method = value;
    else if (word === "-d") body = value;
    else if (word === "-H") headers.append(...splitHeader(value));
    else throw new TypeError(`${word} is not understood`);
    if (word === "-X" || word === "-d" || word === "-H") i += 1;
  }
  return fetch(`${origin}${target}`, { method: method ?? (body === null ? "GET" : "POST"), headers, body });
}

function splitHeader(line: string): [name: string, value: string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}
