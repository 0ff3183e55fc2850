import { systemClock, systemRandom } from "@rempart/kernel";
import { alertReceivers } from "@rempart/messenger-server/alerting";
import type { Severity } from "@rempart/observability";
import { createLogger } from "@rempart/observability/telemetry";
import { Command, Option } from "commander";
import { wholeNumber } from "../arguments/number.ts";
import { withConfig } from "../installation.ts";
import { operatorName } from "../operator.ts";
import { refuse } from "../refuse.ts";
import { type JsonOption, report } from "../report.ts";
import { type Trial, tryReceiver } from "./try-receiver.ts";

interface TestOptions extends JsonOption {
  readonly severity: Severity;
  readonly wait?: number;
}

export function testCommand(): Command {
  return new Command("test")
    .description(
      "tell a receiver of an alert that is a test, and of its end; PagerDuty wakes people by its severity",
    )
    .argument("<receiver>", "one that ALERT_RECEIVERS names")
    .addOption(
      new Option("--severity <severity>", "how grave it pretends to be")
        .choices(["critical", "warning", "info"])
        .default("info"),
    )
    .option(
      "--wait <seconds>",
      "how long the receiver may take; ALERT_TIMEOUT unless told",
      wholeNumber(1, 600),
    )
    .option("--json", "print JSON")
    .action((name: string, options: TestOptions) =>
      withConfig(async (config) => {
        const receivers = alertReceivers(config, {
          clock: systemClock,
          log: createLogger({ level: "info" }),
        });
        const receiver = receivers.find((one) => one.name === name);
        if (receiver === undefined) return tellKnown(receivers.map((one) => one.name));
        const trials = await tryReceiver(receiver, {
          severity: options.severity,
          timeoutMs: options.wait === undefined ? config.monitoring.attemptMs : options.wait * 1_000,
          operator: operatorName(),
          clock: systemClock,
          random: systemRandom,
        });
        report(options, { receiver: name, trials }, trials.map(lineOf).join("\n"));
        if (trials.some(({ delivery }) => delivery.kind !== "accepted")) process.exitCode = 1;
      }),
    );
}

function tellKnown(names: readonly string[]): void {
  refuse(`There is no such receiver. ALERT_RECEIVERS has: ${names.join(", ")}`);
}

const OUTCOMES = {
  accepted: "accepted",
  retry: "not taken now",
  refused: "refused",
} as const satisfies Readonly<Record<Trial["delivery"]["kind"], string>>;

function lineOf({ status, delivery, ms }: Trial): string {
  const reason = delivery.kind === "accepted" ? "" : `: ${delivery.reason}`;
  const pause = delivery.kind === "retry" ? pauseText(delivery.afterMs ?? 0) : "";
  return `${status}: ${OUTCOMES[delivery.kind]} after ${ms} ms${reason}${pause}`;
}

function pauseText(ms: number): string {
  return ms === 0 ? "" : `; it asks to be left alone for ${Math.ceil(ms / 1_000)} s`;
}
