/** A browser's fetch and WebSocket for one server: cookies are kept between calls, and the origin is said. */
export interface Browser {
  fetch(path: string, init: RequestInit): Promise<Response>;
  webSocket(path: string): WebSocket;
}

interface SocketWithHeaders {
  new (url: string, options: { headers: Record<string, string> }): WebSocket;
}

/** `base` is asked anew for each call: a server may move to another port. */
export function createBrowser(base: () => string): Browser {
  const cookies = new Map<string, string>();
  const header = (): string => [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const keep = (lines: readonly string[]): void => {
    for (const line of lines) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "" || /max-age=0/i.test(line)) cookies.delete(name);
      else cookies.set(name, value);
    }
  };
  return {
    async fetch(path, init) {
      const headers = new Headers(init.headers);
      headers.set("cookie", header());
      headers.set("origin", base());
      const response = await fetch(new URL(path, base()), { ...init, headers });
      keep(response.headers.getSetCookie());
      return response;
    },
    webSocket(path) {
      const url = new URL(path, base());
      url.protocol = "ws:";
      // Node's WebSocket takes headers; a browser sends these by itself.
      const Socket = WebSocket as unknown as SocketWithHeaders;
      return new Socket(url.href, { headers: { cookie: header(), origin: base() } });
    },
  };
}
