import { availableParallelism } from "node:os";
import { type Machine, pgbouncerIni, postgresqlConf } from "@rempart/database/maintenance";
import { CodedError, explain } from "@rempart/kernel";
import { Command } from "commander";
import { wholeNumber } from "../arguments/number.ts";
import { refuse } from "../refuse.ts";
import { say } from "../report.ts";
import { cpusOption, memoryHere, memoryOption, storageOption } from "./options.ts";

interface ConfigureOptions {
  readonly memory?: number;
  readonly cpus?: number;
  readonly connections: number;
  readonly storage: Machine["storage"];
  readonly archiveCommand?: string;
  readonly pgaudit?: boolean;
  readonly pgbouncer?: boolean;
  readonly database: string;
  readonly host: string;
}

export function configureCommand(): Command {
  return new Command("configure")
    .description("print postgresql.conf for a machine, each line with its reason; this machine unless told")
    .addOption(memoryOption())
    .addOption(cpusOption())
    .option("--connections <count>", "max_connections", wholeNumber(1), 200)
    .addOption(storageOption())
    .option("--archive-command <command>", "what takes each finished segment of the log")
    .option("--pgaudit", "load pgAudit as a second source beside the audit log")
    .option("--pgbouncer", "print pgbouncer.ini for it instead")
    .option("--database <name>", "with --pgbouncer", "securemessenger")
    .option("--host <host>", "with --pgbouncer", "127.0.0.1")
    .action((options: ConfigureOptions) => {
      try {
        say((options.pgbouncer === true ? poolerFile(options) : serverFile(options)).trimEnd());
      } catch (error) {
        if (!(error instanceof CodedError)) throw error;
        refuse(explain(error));
      }
    });
}

function serverFile({ memory, cpus, archiveCommand, pgaudit = false, ...rest }: ConfigureOptions): string {
  const { connections, storage } = rest;
  return postgresqlConf({
    memoryBytes: memory ?? memoryHere(),
    cpus: cpus ?? availableParallelism(),
    connections,
    storage,
    pgaudit,
    ...(archiveCommand === undefined ? {} : { archiveCommand }),
  });
}

function poolerFile({ database, host, connections }: ConfigureOptions): string {
  return pgbouncerIni({ database, host, port: 5432, connections });
}
