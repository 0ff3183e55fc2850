import { systemClock } from "@rempart/kernel";
import {
  type Messenger,
  type MessengerConfig,
  messengerComponent,
  openLog,
  readMessengerConfig,
} from "@rempart/messenger-server";
import { alertReceivers } from "@rempart/messenger-server/alerting";
import { main, run, silentLogger } from "@rempart/runtime";
import { Command } from "commander";
import { protectionOf } from "../backup/protection.ts";
import { loadEnvironment } from "../environment.ts";
import { configured } from "../exit.ts";

const STOP_DEADLINE_MS = 15_000;

export function upCommand(): Command {
  return new Command("up")
    .description("start the messenger, and its database unless DATABASE_URL names one")
    .action(up);
}

/** Logs go to standard output as JSON lines; what is for a person goes to standard error. */
async function up(): Promise<void> {
  const config = configured(readWholeConfig);
  if (config === null) return;
  stopWithParent();
  const log = openLog(config);
  const started = (messenger: Messenger): void => {
    process.stderr.write(welcome(messenger, config, process.uptime()));
  };
  const component = messengerComponent({ config, log, started });
  await main(
    ({ signal }) => run({ components: [component], signal, log, stopDeadlineMs: STOP_DEADLINE_MS }),
    { log },
  );
}

/** A receiver without its secret is a wrong configuration, also where the database has to open before anybody is told. */
function readWholeConfig(): MessengerConfig {
  const config = readMessengerConfig(loadEnvironment());
  if (config.monitoring.enabled) alertReceivers(config, { clock: systemClock, log: silentLogger });
  return config;
}

/**
 * A parent that gave us an IPC channel (`npm start` does) wants us to end with it, even when it is killed and can send no
 * signal: its end of the channel closes then. The channel alone does not keep this process alive.
 */
function stopWithParent(): void {
  if (process.channel === undefined) return;
  process.channel.unref();
  process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
}

function welcome(messenger: Messenger, config: MessengerConfig, seconds: number): string {
  const data = config.database.kind === "embedded" ? `Data: ${config.database.directory}. ` : "";
  const invitation =
    messenger.invitationUrl === null
      ? ""
      : `\nThere is no administrator yet. Whoever signs up by this link becomes it, once:\n  ${messenger.invitationUrl}\n`;
  return `
Secure Messenger serves after ${seconds.toFixed(1)} s.
  Messenger       ${messenger.publicUrl}
  Administration  ${messenger.adminUrl}
${invitation}
${data}Backups: ${protectionOf(config).text}.
Ctrl-C stops it.
`;
}
