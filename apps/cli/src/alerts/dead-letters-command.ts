import type { AlertDesk, Letter } from "@rempart/observability";
import { Command, Option } from "commander";
import { type JsonOption, report, say } from "../report.ts";
import { table } from "../table.ts";
import { withDesk } from "./desk.ts";

interface DeadLettersOptions extends JsonOption {
  readonly retry?: string;
  readonly discard?: string;
}

export function deadLettersCommand(): Command {
  return new Command("dead-letters")
    .description("list the notifications that no receiver took, send one again, or drop it")
    .addOption(new Option("--retry <id>", "send it again; a running server does").conflicts("discard"))
    .option("--discard <id>", "drop it")
    .option("--json", "print JSON")
    .action((options: DeadLettersOptions) =>
      withDesk(async (desk) => {
        const { retry, discard } = options;
        if (retry !== undefined) return acted(retry, await desk.resend(retry), "is sent again", options);
        if (discard !== undefined) return acted(discard, await desk.discard(discard), "is dropped", options);
        await list(desk, options);
      }),
    );
}

async function list(desk: AlertDesk, { json }: JsonOption): Promise<void> {
  const letters = (await desk.deadLetters()).toSorted((a, b) => diedAt(b) - diedAt(a));
  if (json === true) return say(JSON.stringify(letters));
  say(letters.length === 0 ? "every notification was taken" : table([HEADINGS, ...letters.map(row)]));
}

function acted(id: string, done: boolean, what: string, options: JsonOption): void {
  report(options, { id, done }, done ? `${id} ${what}` : `there is no dead letter ${id}`);
  if (!done) process.exitCode = 1;
}

const HEADINGS = ["ID", "DIED", "RECEIVER", "OCCASION", "ALERTS", "REASON"];

function row({ id, notification, dead }: Letter): string[] {
  const { receiver, occasion, alerts, omitted } = notification;
  const [first] = alerts;
  const others = alerts.length + omitted - 1;
  const names = `${first?.name ?? "–"}${others > 0 ? ` +${others}` : ""}`;
  return [id, new Date(dead?.at ?? 0).toISOString(), receiver, occasion, names, dead?.reason ?? ""];
}

function diedAt({ dead }: Letter): number {
  return dead?.at ?? 0;
}
