import { systemClock } from "@rempart/kernel";
import {
  type KeyStatus,
  KeysError,
  type RewrapProgress,
  ROTATION_PURPOSES,
  type Rotatable,
  type RotationPurpose,
  type RotationStep,
  rewrap,
  statusOf,
} from "@rempart/keys";
import { openInstallation } from "@rempart/messenger-server/installation";
import { envelopeSources, type Installation, type MessengerConfig } from "@rempart/messenger-server/operator";
import { silentLogger } from "@rempart/runtime";
import { Argument, Command } from "commander";
import { wholeNumber } from "../arguments/number.ts";
import { confirmed } from "../confirm.ts";
import { withConfig, withInstallation } from "../installation.ts";
import { passwordRotation, rotatables, standsUnder } from "../keys/rotatables.ts";
import { type NoVersion, statusTable } from "../keys/status-table.ts";
import { operatorName } from "../operator.ts";
import { type JsonOption, report, say } from "../report.ts";

export function keysCommand(): Command {
  return new Command("keys")
    .description("look after the keys: their ages, rotation, and the values sealed under them")
    .addCommand(statusCommand())
    .addCommand(rotateCommand())
    .addCommand(retireCommand())
    .addCommand(destroyCommand())
    .addCommand(rewrapCommand());
}

const purposeArgument = (): Argument => new Argument("<key>", "what it is for").choices(ROTATION_PURPOSES);

function statusCommand(): Command {
  return new Command("status")
    .description("list every version of every key with its state and age; keys in use over 90 days are due")
    .option("--json", "print JSON")
    .action((options: JsonOption) =>
      withInstallation(async (installation, config) => {
        const lines = await Promise.all(Object.values(rotatables(installation, config)).map(linesOf));
        report(options, lines.flat(), statusTable(lines.flat()));
      }),
    );
}

async function linesOf(key: Rotatable): Promise<(KeyStatus | NoVersion)[]> {
  const lines = statusOf(key.purpose, await key.versions(), systemClock.now());
  return lines.length > 0 ? lines : [{ purpose: key.purpose, state: "none" }];
}

interface RotateOptions extends JsonOption {
  readonly grace: number;
  readonly wait: number;
}

/** Up to a day. */
const seconds = wholeNumber(0, 86_400);

function rotateCommand(): Command {
  return new Command("rotate")
    .description(
      "make a new version; what the old one made stays good for its overlap. For the database: a new login",
    )
    .addArgument(purposeArgument())
    .option("--json", "print JSON")
    .option("--grace <seconds>", "database: how long servers may take to read the new address", seconds, 60)
    .option(
      "--wait <seconds>",
      "database: how long to wait for the old login to fall out of use",
      seconds,
      900,
    )
    .action((purpose: RotationPurpose, options: RotateOptions) =>
      purpose === "database"
        ? withConfig((config) => rotatePassword(config, options))
        : withInstallation(async (installation, config) => {
            const version = await keyOf(installation, config, purpose).rotate();
            await recordStep(installation, "rotate", purpose, version);
            report(options, { key: purpose, version }, `${purpose}: the newest version is ${version}`);
          }),
    );
}

async function rotatePassword(config: MessengerConfig, options: RotateOptions): Promise<void> {
  const choice = { graceMs: options.grace * 1_000, drainMs: options.wait * 1_000 };
  const outcome = await passwordRotation(config, { ...choice, observe: tellOnce() }).run();
  await using installation = await openInstallation(config, silentLogger);
  await recordStep(installation, "rotate", "database", outcome.login);
  const text =
    outcome.state === "done"
      ? `the database is reached as ${outcome.login}; no older login is left`
      : `the database is reached as ${outcome.login}; ${outcome.old} may still be in use: run this again later`;
  report(options, outcome, text);
}

/** Progress for a person; the same wait is told once. */
function tellOnce(): (step: RotationStep) => void {
  let last = "";
  return ({ step, login, ...rest }) => {
    const sessions = "sessions" in rest ? ` (${rest.sessions} sessions)` : "";
    const line = `${login}: ${step}${sessions}\n`;
    if (line !== last) process.stderr.write(line);
    last = line;
  };
}

interface ConfirmOptions {
  readonly yes?: boolean;
}

function retireCommand(): Command {
  return stepCommand(
    "retire",
    "end the overlap of an old version now",
    "Nothing it made is accepted any more.",
  );
}

function destroyCommand(): Command {
  return stepCommand("destroy", "wipe a version for good", "What it alone can open is lost.");
}

function stepCommand(step: "retire" | "destroy", description: string, warning: string): Command {
  return new Command(step)
    .description(description)
    .addArgument(purposeArgument())
    .argument("<version>", "as `keys status` prints it")
    .option("--yes", "do not ask")
    .action(async (purpose: RotationPurpose, version: string, { yes = false }: ConfirmOptions) => {
      if (!(await confirmed(`${step} ${purpose} ${version}? ${warning}`, version, yes))) return;
      await withInstallation(async (installation, config) => {
        await keyOf(installation, config, purpose)[step](version);
        await recordStep(installation, step, purpose, version);
        say(`${purpose}: ${version} is ${step === "retire" ? "retired" : "destroyed"}`);
      });
    });
}

function rewrapCommand(): Command {
  return new Command("rewrap")
    .description(
      "seal anew what stands under the local key alone, or under an old version of it; safe to repeat",
    )
    .option("--json", "print JSON")
    .action((options: JsonOption) =>
      withInstallation(async (installation) => {
        const totals = await rewrapAll(installation);
        const count = totals.reduce((sum, { rewrapped }) => sum + rewrapped, 0);
        report(options, totals, `${count} values were sealed anew`);
        if (totals.some(({ refused }) => refused > 0)) process.exitCode = 1;
      }),
    );
}

async function rewrapAll(installation: Installation): Promise<RewrapProgress[]> {
  const { keyring, localKey } = installation;
  const old = (await localKey.versions()).filter(({ current }) => !current);
  const totals: RewrapProgress[] = [];
  for (const source of envelopeSources(installation.database)) {
    const done = await rewrap(keyring, source, {
      isDue: (envelope) =>
        (keyring.hasPrimary && envelope.custody === "local") ||
        old.some(({ version }) => standsUnder(envelope, version)),
      onProgress: ({ read, rewrapped, refused }) =>
        process.stderr.write(`${source.name}: ${read} read, ${rewrapped} sealed anew, ${refused} refused\n`),
    });
    totals.push(done);
  }
  return totals;
}

function keyOf(installation: Installation, config: MessengerConfig, purpose: RotationPurpose): Rotatable {
  const key = rotatables(installation, config)[purpose];
  if (key !== undefined) return key;
  if (purpose === "database") return passwordRotation(config);
  throw new KeysError("rotation-refused", `${purpose} cannot be rotated here`);
}

/** In the audit log. What identity does with its own keys it records itself. */
async function recordStep(
  { audit, database }: Installation,
  act: "rotate" | "retire" | "destroy",
  purpose: RotationPurpose,
  version: string,
): Promise<void> {
  if (purpose === "jwt") return;
  const type = act === "rotate" ? "key.rotated" : "key.change";
  const metadata = { act, version, operator: operatorName() };
  await database.transaction((tx) =>
    audit.record(tx, { type, actor: {}, resource: { type: "key", id: purpose, metadata } }),
  );
}
