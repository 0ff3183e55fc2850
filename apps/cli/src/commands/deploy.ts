import { randomUUID } from "node:crypto";
import { systemClock } from "@rempart/kernel";
import type { Installation } from "@rempart/messenger-server/operator";
import { type DeliveryStore, deliveryMetrics, deliveryStore } from "@rempart/observability";
import { Command, Option } from "commander";
import { wholeNumber } from "../arguments/number.ts";
import { dayOrInstant } from "../arguments/time.ts";
import { deploymentTable, metricsText } from "../deploy/text.ts";
import { CliError } from "../errors.ts";
import { withInstallation } from "../installation.ts";
import { refuse } from "../refuse.ts";
import { type JsonOption, report } from "../report.ts";

const DAY_MS = 86_400_000;
const MAX_DAYS = 366;

export function deployCommand(): Command {
  return new Command("deploy")
    .description("remember what was deployed and what went wrong, and measure delivery by it (DORA)")
    .addCommand(recordCommand())
    .addCommand(listCommand())
    .addCommand(metricsCommand())
    .addCommand(incidentCommand());
}

interface EnvironmentOption extends JsonOption {
  readonly environment: string;
}

const environmentOption = (): Option => new Option("--environment <name>", "where").default("production");

function withStore(work: (store: DeliveryStore) => Promise<void>): Promise<void> {
  return withInstallation(({ database }: Installation) => work(deliveryStore(database)));
}

interface RecordOptions extends EnvironmentOption {
  readonly version: string;
  readonly commit: string;
  readonly committedAt?: number;
  readonly at?: number;
  readonly id?: string;
  readonly failed?: boolean;
}

function recordCommand(): Command {
  return new Command("record")
    .description("tell of a deployment; telling it again, also that it failed, is harmless")
    .requiredOption("--version <version>", "what was deployed")
    .requiredOption("--commit <id>", "what it was built from")
    .addOption(environmentOption())
    .option("--committed-at <time>", "ISO 8601: when its oldest change was committed", dayOrInstant)
    .option("--at <time>", "ISO 8601: when it was deployed; now unless told", dayOrInstant)
    .option("--id <id>", "what tells one deployment from another; version and commit unless told")
    .option("--failed", "it had to be taken back or mended at once")
    .option("--json", "print JSON")
    .action((options: RecordOptions) =>
      withStore(async (store) => {
        const { environment, version, commit, committedAt = null, failed = false } = options;
        const { id = `${version}@${commit}`, at: deployedAt = systemClock.now() } = options;
        const deployment = { environment, id, version, commit, deployedAt, committedAt, failed };
        const isNew = await store.record(deployment);
        const text = `${environment}: ${id} ${isNew ? "is recorded" : "was known already"}`;
        report(options, { environment, id, recorded: isNew }, text);
      }),
    );
}

interface WindowOptions extends EnvironmentOption {
  readonly days: number;
}

const daysOption = (): Option =>
  new Option("--days <count>", "how far back").default(30).argParser(wholeNumber(1, MAX_DAYS));

function listCommand(): Command {
  return new Command("list")
    .description("list deployments, newest first")
    .addOption(environmentOption())
    .addOption(daysOption())
    .option("--json", "print JSON")
    .action((options: WindowOptions) =>
      withStore(async (store) => {
        const from = systemClock.now() - options.days * DAY_MS;
        const deployments = await store.deployments(options.environment, from);
        report(options, deployments, deploymentTable(deployments));
      }),
    );
}

function metricsCommand(): Command {
  return new Command("metrics")
    .description("deployment frequency, lead time, change failure rate and recovery time, with their bands")
    .addOption(environmentOption())
    .addOption(daysOption())
    .option("--json", "print JSON")
    .action((options: WindowOptions) =>
      withStore(async (store) => {
        const to = systemClock.now();
        const from = to - options.days * DAY_MS;
        const [deployments, incidents] = await Promise.all([
          store.deployments(options.environment, from),
          store.incidents(options.environment, from),
        ]);
        const metrics = deliveryMetrics(deployments, incidents, { from, to });
        report(options, metrics, metricsText(metrics));
      }),
    );
}

function incidentCommand(): Command {
  return new Command("incident")
    .description("tell when service was impaired, and when it was restored")
    .addCommand(openCommand())
    .addCommand(closeCommand());
}

interface OpenOptions extends EnvironmentOption {
  readonly deployment?: string;
  readonly at?: number;
}

function openCommand(): Command {
  return new Command("open")
    .description("tell that service is impaired, and print the id to close it with")
    .argument("<title>", "what is wrong")
    .addOption(environmentOption())
    .option("--deployment <id>", "the deployment that caused it; one of the hour before unless told")
    .option("--at <time>", "ISO 8601: when it began; now unless told", dayOrInstant)
    .option("--json", "print JSON")
    .action((title: string, options: OpenOptions) =>
      withStore(async (store) => {
        const { environment, deployment = null, at: openedAt = systemClock.now() } = options;
        if (deployment !== null && !(await isKnown(store, environment, deployment)))
          return refuse(`${environment} has no deployment ${deployment}: see \`rempart deploy list\``);
        const id = randomUUID();
        await store.open({ id, environment, title, openedAt, deployment });
        report(options, { id }, id);
      }),
    );
}

/** An incident that is put down to nothing there is would count against no deployment. */
async function isKnown(store: DeliveryStore, environment: string, deployment: string): Promise<boolean> {
  return (await store.deployments(environment, 0)).some(({ id }) => id === deployment);
}

function closeCommand(): Command {
  return new Command("close")
    .description("tell that service is restored")
    .argument("<id>", "what `open` printed")
    .option("--at <time>", "ISO 8601: when it ended; now unless told", dayOrInstant)
    .option("--json", "print JSON")
    .action((id: string, options: JsonOption & { readonly at?: number }) =>
      withStore(async (store) => {
        const isClosed = await store.close(id, options.at ?? systemClock.now());
        if (!isClosed) throw new CliError("no-such-incident", `no open incident has the id ${id}`);
        report(options, { id, closed: true }, `${id} is closed`);
      }),
    );
}
