import type { MessengerConfig } from "@rempart/messenger-server/operator";

/** Where the administration listener answers: as told, or by the configuration. */
export function adminAddress({ admin: { host, port } }: MessengerConfig, told?: string): URL {
  const reached = host === "0.0.0.0" || host === "::" ? "localhost" : host;
  return new URL(told ?? `http://${reached.includes(":") ? `[${reached}]` : reached}:${port}`);
}
