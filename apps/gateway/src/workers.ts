/** The gateway as a Cloudflare Worker, configured by `wrangler.jsonc`. */
import { createWorkerGateway } from "./workers/gateway.ts";

export default createWorkerGateway();
