import { writeFile } from "node:fs/promises";
import type { Operator, Role, UserSummary } from "@rempart/identity";
import { explain, systemClock } from "@rempart/kernel";
import type { Installation } from "@rempart/messenger-server/operator";
import { Command, Option } from "commander";
import { wholeNumber } from "../arguments/number.ts";
import { dayOrInstant } from "../arguments/time.ts";
import { confirmed } from "../confirm.ts";
import { CliError } from "../errors.ts";
import { withInstallation } from "../installation.ts";
import { operatorName } from "../operator.ts";
import { tellRecorded } from "../recorded.ts";
import { type JsonOption, report, say } from "../report.ts";
import { timeText } from "../text.ts";
import { findUser } from "../users/find.ts";
import { readPassword } from "../users/password.ts";
import { sessionTable, userTable } from "../users/tables.ts";

/** Identity decides and records each act, as it does for the administration API; here the actor is the machine's account. */
export function usersCommand(): Command {
  return new Command("users")
    .description("find people's accounts and act on them")
    .addCommand(createAdminCommand())
    .addCommand(searchCommand())
    .addCommand(suspendCommand())
    .addCommand(banCommand())
    .addCommand(eraseCommand())
    .addCommand(reactivateCommand())
    .addCommand(resetPasswordCommand())
    .addCommand(sessionsCommand())
    .addCommand(exportCommand());
}

const operator = (): Operator => ({ kind: "operator", name: operatorName() });

const USER = "an id or an e-mail address";
const ROLES: readonly Role[] = ["USER", "MODERATOR", "ADMIN"];
const STATUSES = ["ACTIVE", "SUSPENDED", "BANNED", "DELETED"] as const;

interface CreateOptions extends JsonOption {
  readonly email: string;
  readonly name?: string;
  readonly role: Role;
  readonly passwordFile?: string;
}

function createAdminCommand(): Command {
  return new Command("create-admin")
    .description("make an account; its password is typed, piped in, or read from a file")
    .requiredOption("--email <address>", "to sign in with")
    .option("--name <name>", "the shown name; the part of the address before @ unless told")
    .addOption(new Option("--role <role>", "what it may do").choices(ROLES).default("ADMIN"))
    .option("--password-file <file>", "holds the password on its first line")
    .option("--json", "print JSON")
    .action(async ({ email, name, role, passwordFile, json = false }: CreateOptions) => {
      await withInstallation(async ({ identity }) => {
        const password = await readPassword(passwordFile);
        const shown = name ?? (email.split("@", 1)[0] as string);
        const wanted = { email, name: shown, role, password };
        const account = await identity.administration.create(operator(), wanted);
        const next = role === "USER" ? "" : "; it needs a second factor before it can do anything";
        report({ json }, account, `${account.email} is ${role} now, as ${account.id}${next}`);
      });
    });
}

const MOST_LISTED = 200;

interface SearchOptions extends JsonOption {
  readonly status?: (typeof STATUSES)[number];
  readonly role?: Role;
  readonly after?: string;
  readonly limit: number;
}

function searchCommand(): Command {
  return new Command("search")
    .description("accounts by id, whole e-mail address or start of a name, the newest first")
    .argument("[query]", "everybody unless told")
    .addOption(new Option("--status <status>", "only these").choices(STATUSES))
    .addOption(new Option("--role <role>", "only these").choices(ROLES))
    .option("--after <id>", "go on behind this account")
    .option("--limit <count>", `at most ${MOST_LISTED}`, wholeNumber(1, MOST_LISTED), 50)
    .option("--json", "print JSON")
    .action((q: string | undefined, { json = false, ...filters }: SearchOptions) =>
      withInstallation(async ({ identity }) => {
        const page = await identity.administration.search(operator(), { q, ...filters });
        const more = page.next === null ? "" : `\nThere are more: --after ${page.next}`;
        report({ json }, page, `${userTable(page.users)}${more}`);
      }),
    );
}

interface SuspendOptions extends JsonOption {
  readonly reason: string;
  readonly until?: number;
  readonly days?: number;
}

function suspendCommand(): Command {
  return new Command("suspend")
    .description(
      "take an account out of use, until a date or until it is reactivated; its sessions end at once",
    )
    .argument("<user>", USER)
    .requiredOption("--reason <text>", "why")
    .option(
      "--until <time>",
      "as in 2026-12-24 or 2026-12-24T18:00Z; until it is reactivated unless told",
      dayOrInstant,
    )
    .addOption(new Option("--days <count>", "for so many days").argParser(wholeNumber(1)).conflicts("until"))
    .option("--json", "print JSON")
    .action((named: string, { reason, json = false, ...when }: SuspendOptions) =>
      actOn(named, async ({ identity }, user) => {
        const until = endOf(when);
        await identity.administration.suspend(operator(), user.id, { until, reason });
        const end = until === null ? "until it is reactivated" : `until ${timeText(until)}`;
        report({ json }, { id: user.id, until }, `${user.email} is suspended ${end}`);
      }),
    );
}

const DAY_MS = 86_400_000;

function endOf({ until, days }: Pick<SuspendOptions, "until" | "days">): number | null {
  if (until !== undefined) return until;
  return days === undefined ? null : systemClock.now() + days * DAY_MS;
}

interface BanOptions extends JsonOption {
  readonly reason: string;
  readonly addresses?: boolean;
  readonly yes?: boolean;
}

function banCommand(): Command {
  return new Command("ban")
    .description("take an account out of use for good; its sessions end at once")
    .argument("<user>", USER)
    .requiredOption("--reason <text>", "why")
    .option("--addresses", "also refuse the addresses it was used from")
    .option("--yes", "do not ask")
    .option("--json", "print JSON")
    .action(async (named: string, { reason, addresses = false, yes = false, json = false }: BanOptions) => {
      if (!(await confirmed(`Ban ${named}? Every session and key of the account ends.`, named, yes))) return;
      await actOn(named, async ({ identity }, user) => {
        const banned = await identity.administration.ban(operator(), user.id, { reason, addresses });
        const also = banned.length === 0 ? "" : `, and so are ${banned.join(", ")}`;
        report({ json }, { id: user.id, addresses: banned }, `${user.email} is banned${also}`);
      });
    });
}

interface EraseOptions extends JsonOption {
  readonly yes?: boolean;
}

function eraseCommand(): Command {
  return new Command("erase")
    .description(
      "remove an account and all that refers to it for good; no restore of a backup brings it back",
    )
    .argument("<user>", USER)
    .option("--yes", "do not ask")
    .option("--json", "print JSON")
    .action(async (named: string, { yes = false, json = false }: EraseOptions) => {
      if (!(await confirmed(`Erase ${named}? Nothing brings the account back.`, named, yes))) return;
      await actOn(named, async (installation, user) => {
        await installation.identity.administration.erase(operator(), user.id);
        const recorded = await tellRecorded(installation);
        report({ json }, { id: user.id, recorded }, `${user.id} is erased`);
        if (!recorded) process.exitCode = 1;
      });
    });
}

function reactivateCommand(): Command {
  return new Command("reactivate")
    .description("lift a suspension or a ban")
    .argument("<user>", USER)
    .option("--json", "print JSON")
    .action((named: string, options: JsonOption) =>
      actOn(named, async ({ identity }, user) => {
        await identity.administration.reactivate(operator(), user.id);
        report(options, { id: user.id }, `${user.email} is active`);
      }),
    );
}

function resetPasswordCommand(): Command {
  return new Command("reset-password")
    .description("make a link to choose a new password with, good once and for an hour: hand it to its owner")
    .argument("<user>", USER)
    .option("--json", "print JSON")
    .action((named: string, options: JsonOption) =>
      actOn(named, async ({ identity, links }, user) => {
        const { token, expiresAt } = await identity.administration.resetPassword(operator(), user.id);
        const link = links.resetPassword(token);
        report(options, { link, expiresAt }, `${link}\nGood until ${timeText(expiresAt)}, once.`);
      }),
    );
}

interface SessionsOptions extends JsonOption {
  readonly end?: boolean;
}

function sessionsCommand(): Command {
  return new Command("sessions")
    .description("where an account is signed in")
    .argument("<user>", USER)
    .option("--end", "sign it out everywhere")
    .option("--json", "print JSON")
    .action((named: string, { end = false, json = false }: SessionsOptions) =>
      actOn(named, async ({ identity: { administration } }, user) => {
        if (!end) {
          const sessions = await administration.sessions(operator(), user.id);
          return report({ json }, { sessions }, sessionTable(sessions));
        }
        const ended = await administration.endSessions(operator(), user.id);
        report({ json }, { ended }, `${user.email}: ${ended} sessions ended`);
      }),
    );
}

function exportCommand(): Command {
  return new Command("export")
    .description("what is kept about a person, as JSON without any secret")
    .argument("<user>", USER)
    .option("--out <file>", "a new file that only you can read; standard output unless told")
    .action((named: string, { out }: { readonly out?: string }) =>
      actOn(named, async ({ identity }, user) => {
        const text = JSON.stringify(await identity.administration.export(operator(), user.id), null, 2);
        if (out === undefined) return say(text);
        await writeFile(out, `${text}\n`, { mode: 0o600, flag: "wx" }).catch(unwritten);
        say(`${user.email}: written to ${out}`);
      }),
    );
}

function actOn(
  named: string,
  act: (installation: Installation, user: UserSummary) => Promise<void>,
): Promise<void> {
  return withInstallation(async (installation) => {
    await act(installation, await findUser(installation.identity, operator(), named));
  });
}

function unwritten(cause: unknown): never {
  throw new CliError("not-written", `Nothing was written: ${explain(cause)}`, { cause });
}
