import { writeFile } from "node:fs/promises";
import type { Database } from "@rempart/database";
import { explain, systemClock } from "@rempart/kernel";
import { openInstallation } from "@rempart/messenger-server/installation";
import type { MessengerConfig } from "@rempart/messenger-server/operator";
import { parseExposition, type ScrapedSample } from "@rempart/observability";
import { silentLogger } from "@rempart/runtime";
import { Command, Option } from "commander";
import { adminAddress } from "../admin-address.ts";
import { httpAddress } from "../arguments/address.ts";
import { ask } from "../ask.ts";
import type { CheckPlace } from "../check/item.ts";
import { reportHtml } from "../check/report-html.ts";
import { reportText } from "../check/report-text.ts";
import { checkAll, exitCodeOf, WEEKLY, type WeeklyReport } from "../check/weekly.ts";
import { CliError } from "../errors.ts";
import { withConfig } from "../installation.ts";
import { say } from "../report.ts";

const FORMATS = ["text", "json", "html"] as const;
type Format = (typeof FORMATS)[number];

export function checkCommand(): Command {
  return new Command("check")
    .description("look at what should be looked at now and then")
    .addCommand(weeklyCommand());
}

interface WeeklyOptions {
  readonly format: Format;
  readonly out?: string;
  readonly admin?: URL;
}

function weeklyCommand(): Command {
  return new Command("weekly")
    .description(
      "the weekly checklist as a report; ends with 1 when something fails, with 2 when something is not known",
    )
    .addOption(new Option("--format <format>", "what to make of it").choices(FORMATS).default("text"))
    .option("--out <file>", "write the report there instead of printing it")
    .option(
      "--admin <url>",
      "the server's administration address; by the configuration unless told",
      httpAddress,
    )
    .action((options: WeeklyOptions) =>
      withConfig(async (config) => {
        await using opened = new OpenedOnce(config);
        const place: CheckPlace = {
          config,
          now: systemClock.now(),
          directory: process.cwd(),
          database: () => opened.database(),
          samples: once(() => scrape(new URL("/metrics", options.admin ?? adminAddress(config)))),
        };
        const result = await checkAll(WEEKLY, place);
        await deliver(FORMATTERS[options.format](result), options.out);
        process.exitCode = exitCodeOf(result);
      }),
    );
}

const FORMATTERS: Readonly<Record<Format, (report: WeeklyReport) => string>> = {
  text: reportText,
  json: (report) => JSON.stringify(report),
  html: reportHtml,
};

async function deliver(text: string, out: string | undefined): Promise<void> {
  if (out === undefined) return say(text);
  try {
    await writeFile(out, `${text.trimEnd()}\n`, { mode: 0o600 });
  } catch (cause) {
    throw new CliError("not-written", `${out} cannot be written`, { cause });
  }
}

/** The installation, opened for the first item that asks and closed at the end. */
class OpenedOnce implements AsyncDisposable {
  readonly #open: () => ReturnType<typeof openInstallation>;
  #isOpened = false;

  constructor(config: MessengerConfig) {
    this.#open = once(() => openInstallation(config, silentLogger));
  }

  async database(): Promise<Database> {
    this.#isOpened = true;
    return (await this.#open()).database;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOpened) return;
    const installation = await this.#open().catch(() => null);
    await installation?.[Symbol.asyncDispose]();
  }
}

async function scrape(address: URL): Promise<readonly ScrapedSample[]> {
  try {
    const { status, text } = await ask(address);
    if (status !== 200) throw new Error(`it answers ${status}`);
    return parseExposition(text);
  } catch (cause) {
    throw new CliError(
      "server-away",
      `the server at ${address.origin} did not tell its metrics: ${explain(cause)}`,
    );
  }
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}
