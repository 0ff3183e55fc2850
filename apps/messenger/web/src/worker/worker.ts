/** The dedicated worker's entry: everything but the screens. */
import type { Port } from "../client/protocol.ts";
import { createCore } from "../core/core.ts";
import { browserPorts } from "./browser.ts";
import { serve } from "./serve.ts";

const core = createCore(browserPorts());
serve(core, globalThis as unknown as Port);
void core.start();
