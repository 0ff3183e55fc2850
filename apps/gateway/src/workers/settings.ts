import { readGatewayConfig } from "../config/read.ts";
import type { GatewaySettings } from "../config/schema.ts";
import { GatewayError } from "../errors.ts";

/**
 * The configuration as on Node. What a Worker leaves to its platform is ignored: `listen`, `admin`, `drain`, an upstream's
 * `connections` and active checks. Throws `invalid-configuration`, also for what it would be unsafe to ignore.
 */
export function readWorkerSettings(given: unknown): GatewaySettings {
  const settings = readGatewayConfig(given);
  for (const [name, { ca }] of Object.entries(settings.upstreams)) {
    const field = `upstreams.${name}.ca`;
    if (ca === undefined) continue;
    throw new GatewayError(
      "invalid-configuration",
      `${field}: a Worker trusts its platform's authorities alone`,
      {
        details: { fields: [field] },
      },
    );
  }
  return settings;
}
