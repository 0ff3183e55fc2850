import type { MessengerConfig } from "@rempart/messenger-server/operator";

/** Where the administration listener answers: by the configuration. */
export function adminAddress({ admin: { host, port } }: MessengerConfig): URL {
  const reached = host === "0.0.0.0" || host === "::" ? "localhost" : host;
  return new URL(`http://${reached.includes(":") ? `[${reached}]` : reached}:${port}`);
}
