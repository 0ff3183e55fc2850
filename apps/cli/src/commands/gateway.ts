import {
  type Gateway,
  type GatewayConfig,
  gatewayComponent,
  loadGatewayConfig,
  openGatewayLogs,
  readGatewayConfig,
} from "@rempart/gateway";
import { main, run } from "@rempart/runtime";
import { Command } from "commander";
import { wholeNumber } from "../arguments/number.ts";
import { repeated } from "../arguments/repeated.ts";
import { configured } from "../exit.ts";

/** Beyond the configured drain: closing what is left. */
const CLOSING_MS = 5_000;

interface GatewayOptions {
  readonly upstream: readonly string[];
  readonly config?: string;
  readonly port?: number;
}

export function gatewayCommand(): Command {
  return new Command("gateway")
    .description("stand in front of an HTTP service as a hardened reverse proxy")
    .option(
      "--upstream <url>",
      "a target that serves every path no route of the file does; repeatable",
      repeated,
      [],
    )
    .option("--config <file>", "JSON: listeners, the edge's policies, upstreams, routes")
    .option(
      "--port <port>",
      "where to listen, in place of the file's word; default 8080",
      wholeNumber(0, 65_535),
    )
    .action(gateway);
}

/** Lines of JSON go where the configuration says, standard output unless told; what is for a person goes to standard error. */
async function gateway(options: GatewayOptions): Promise<void> {
  const read = configured(() => {
    const config = withPort(loadGatewayConfig(options.config, options.upstream), options.port);
    return { config, settings: readGatewayConfig(config) };
  });
  if (read === null) return;
  const { log, accessLog } = openGatewayLogs(read.settings);
  const component = gatewayComponent({
    config: read.config,
    log,
    accessLog,
    started: (running) => process.stderr.write(welcome(running)),
  });
  const { delayMs, deadlineMs } = read.settings.drain;
  const stopDeadlineMs = delayMs + deadlineMs + CLOSING_MS;
  await main(({ signal }) => run({ components: [component], signal, log, stopDeadlineMs }), { log });
}

function withPort(config: GatewayConfig, port: number | undefined): GatewayConfig {
  return port === undefined ? config : { ...config, listen: { ...config.listen, port } };
}

function welcome({ url, adminUrl }: Gateway): string {
  return `
The gateway serves.
  Public          ${url}
  Administration  ${adminUrl ?? "none"}

Ctrl-C lets what is under way end, then stops it.
`;
}
