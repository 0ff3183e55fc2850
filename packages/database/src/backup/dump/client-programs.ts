import { join } from "node:path";
import { BackupError, type BackupErrorCode } from "../errors.ts";
import { callProgram, type ProgramCall, type ProgramEnd } from "../program.ts";

/** PostgreSQL's client programs, as Debian's postgresql-client brings them. */
export type ClientProgram = "pg_dump" | "pg_dumpall" | "pg_restore" | "psql";

export interface ClientCall extends Omit<ProgramCall, "program" | "args" | "environment" | "account"> {
  /** Of the database. Its parts go into the environment: others can read the words of a command. */
  readonly url?: string;
  readonly args: readonly string[];
}

export interface ClientPrograms {
  /** Throws `failure` when it ends with anything but 0. */
  run(program: ClientProgram, call: ClientCall, failure: BackupErrorCode): Promise<ProgramEnd>;
  pathOf(program: ClientProgram): string;
  /** Throws `program-missing`. */
  majorVersion(program: ClientProgram): Promise<number>;
}

/** Found in `directory`, or on the PATH. */
export function clientPrograms(directory: string | undefined): ClientPrograms {
  const pathOf = (program: ClientProgram): string =>
    directory === undefined ? program : join(directory, program);
  return {
    pathOf,
    async run(program, { url, ...call }, failure) {
      const environment = url === undefined ? {} : connectionEnvironment(url);
      const end = await callProgram({ ...call, program: pathOf(program), environment });
      if (end.exitCode === 0) return end;
      throw new BackupError(failure, `${program} failed`, { cause: new Error(end.said) });
    },
    async majorVersion(program) {
      const { output } = await callProgram({ program: pathOf(program), args: ["--version"] });
      return Number(/\(PostgreSQL\) (\d+)/.exec(output.toString())?.[1] ?? 0);
    },
  };
}

/** Throws `version-mismatch`: an older program does not know what a newer server keeps. */
export async function assertNewEnough(
  programs: ClientPrograms,
  program: ClientProgram,
  needed: number,
): Promise<number> {
  const found = await programs.majorVersion(program);
  if (found >= needed) return found;
  throw new BackupError(
    "version-mismatch",
    `${programs.pathOf(program)} is of PostgreSQL ${found} and ${needed} is needed: install postgresql-client-${needed} or newer`,
  );
}

/** By libpq's names ("Environment Variables" of its chapter). */
const PARAMETERS: Readonly<Record<string, string>> = {
  host: "PGHOST",
  port: "PGPORT",
  sslmode: "PGSSLMODE",
  sslrootcert: "PGSSLROOTCERT",
  sslcert: "PGSSLCERT",
  sslkey: "PGSSLKEY",
};

export function connectionEnvironment(text: string): Record<string, string> {
  const url = new URL(text);
  const environment: Record<string, string> = {
    PGHOST: decodeURIComponent(url.hostname).replace(/^\[|\]$/g, ""),
    PGPORT: url.port,
    PGUSER: decodeURIComponent(url.username),
    PGPASSWORD: decodeURIComponent(url.password),
    PGDATABASE: decodeURIComponent(url.pathname.slice(1)),
    PGAPPNAME: "rempart-backup",
  };
  for (const [name, value] of url.searchParams) {
    const variable = PARAMETERS[name];
    if (variable !== undefined) environment[variable] = value;
  }
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
}
