import { systemClock } from "@rempart/kernel";
import { type Duration, milliseconds, SHIPPED_GROUPS } from "@rempart/observability";
import {
  GENERATED_KINDS,
  type GeneratedKind,
  generate,
  shippedWithoutAlarm,
} from "@rempart/observability/generators";
import { Argument, Command, InvalidArgumentError } from "commander";
import { adminAddress } from "../admin-address.ts";
import { httpAddress } from "../arguments/address.ts";
import { repeated } from "../arguments/repeated.ts";
import type { Finding } from "../finding.ts";
import { withConfig } from "../installation.ts";
import { outdated, writeFiles } from "../monitor/files.ts";
import { surroundingsOf } from "../monitor/surroundings.ts";
import { verify } from "../monitor/verify.ts";
import { type JsonOption, report, say } from "../report.ts";
import { table } from "../table.ts";

export function monitorCommand(): Command {
  return new Command("monitor")
    .description(
      "write what Prometheus, Alertmanager, Grafana and CloudWatch need, and look whether all of it works",
    )
    .addCommand(generateCommand())
    .addCommand(verifyCommand());
}

const ALL = "all";
const ALERTMANAGER = "localhost:9093";

interface GenerateOptions {
  readonly out: string;
  readonly check?: boolean;
  readonly target: ReadonlyMap<string, readonly string[]>;
  readonly alertmanager: readonly string[];
  readonly secrets: string;
  readonly interval?: Duration;
}

function generateCommand(): Command {
  return new Command("generate")
    .description(
      "write files for this installation; the same declarations and configuration give the same bytes",
    )
    .addArgument(new Argument("<what...>", "for whom").choices([...GENERATED_KINDS, ALL]))
    .option("--out <folder>", "where to", "monitoring")
    .option("--check", "write nothing; ends with 1 when a file is missing or not current")
    .option(
      "--target <job=host:port>",
      "what Prometheus scrapes under this job; repeatable",
      target,
      new Map(),
    )
    .option(
      "--alertmanager <host:port>",
      `who Prometheus tells; repeatable; ${ALERTMANAGER} unless told`,
      repeated,
      [],
    )
    .option(
      "--secrets <folder>",
      "where Alertmanager finds its secrets",
      absolute,
      "/etc/alertmanager/secrets",
    )
    .option("--interval <duration>", "between two scrapes, as 15s", duration)
    .action((what: readonly (GeneratedKind | typeof ALL)[], options: GenerateOptions) =>
      withConfig(async (config) => {
        const kinds = GENERATED_KINDS.filter((kind) => what.includes(kind) || what.includes(ALL));
        const { interval, ...told } = options;
        const around = surroundingsOf(config, {
          targets: told.target,
          alertmanagers: told.alertmanager.length === 0 ? [ALERTMANAGER] : told.alertmanager,
          secrets: told.secrets,
          ...(interval === undefined ? {} : { interval }),
        });
        const files = new Map(kinds.flatMap((kind) => [...generate(kind, around)]));
        if (options.check === true) return check(options.out, files);
        await write(options.out, files);
        if (kinds.includes("cloudwatch")) process.stderr.write(`${withoutAlarmText()}\n`);
      }),
    );
}

/** Who relies on CloudWatch alone must know what it does not see. */
function withoutAlarmText(): string {
  const rules = SHIPPED_GROUPS.flatMap((group) => group.rules).filter(({ beats }) => beats !== true);
  const without = new Set(shippedWithoutAlarm().map(({ rule }) => rule));
  const missing = rules.filter(({ name }) => without.has(name));
  const critical = missing.filter(({ severity }) => severity === "critical").map(({ name }) => name);
  return [
    `CloudWatch has no alarm for ${missing.length} of ${rules.length} rules: Metadata in cloudwatch/alarms.json names each with the reason.`,
    `Critical ones among them: ${critical.join(", ")}.`,
  ].join("\n");
}

async function write(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  await writeFiles(folder, files);
  say([...files.keys()].map((path) => `${folder}/${path}`).join("\n"));
}

async function check(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  const old = await outdated(folder, files);
  for (const path of old) say(`${folder}/${path} is not current`);
  if (old.length > 0) process.exitCode = 1;
  else say(`${files.size} files are current`);
}

function target(text: string, before: GenerateOptions["target"]): GenerateOptions["target"] {
  const [, job, place] = /^([a-z][a-z0-9-]{0,62})=([\w.:[\]-]+:\d{1,5})$/.exec(text) ?? [];
  if (job === undefined || place === undefined)
    throw new InvalidArgumentError("Expected JOB=HOST:PORT, as in gateway=10.0.0.7:9100.");
  return new Map([...before, [job, [...(before.get(job) ?? []), place]]]);
}

function absolute(path: string): string {
  if (!path.startsWith("/")) throw new InvalidArgumentError("Expected an absolute path.");
  return path;
}

function duration(text: string): Duration {
  try {
    milliseconds(text as Duration);
    return text as Duration;
  } catch {
    throw new InvalidArgumentError("Expected a whole number of s, m, h, d or w, as in 15s.");
  }
}

interface VerifyOptions extends JsonOption {
  readonly public?: URL;
  readonly admin?: URL;
  readonly prometheus?: URL;
  readonly alertmanager?: URL;
}

function verifyCommand(): Command {
  return new Command("verify")
    .description(
      "walk the way of an alert, from what is counted to who is told; ends with 1 when a part fails",
    )
    .option("--public <url>", "the public listener; by the configuration unless told", httpAddress)
    .option("--admin <url>", "the administration listener; by the configuration unless told", httpAddress)
    .option(
      "--prometheus <url>",
      "look at this Prometheus, its rules, and the dashboards' queries",
      httpAddress,
    )
    .option("--alertmanager <url>", "look at this Alertmanager", httpAddress)
    .option("--json", "print JSON")
    .action((options: VerifyOptions) =>
      withConfig(async (config) => {
        const { url, port } = config.public;
        const findings = await verify({
          config,
          publicAddress: options.public ?? url ?? new URL(`http://localhost:${port}`),
          adminAddress: options.admin ?? adminAddress(config),
          prometheus: options.prometheus ?? null,
          alertmanager: options.alertmanager ?? null,
          now: systemClock.now,
        });
        report(options, findings, findingsText(findings));
        if (findings.some(({ state }) => state === "failed")) process.exitCode = 1;
      }),
    );
}

/** A table, and below it what to do about each that is not well. */
function findingsText(findings: readonly Finding[]): string {
  const rows = table(findings.map(({ state, what, detail }) => [state, what, detail]));
  const advice = findings.flatMap(({ what, advice }) => (advice === null ? [] : [`${what}: ${advice}.`]));
  return advice.length === 0 ? rows : `${rows}\n\n${advice.join("\n")}`;
}
