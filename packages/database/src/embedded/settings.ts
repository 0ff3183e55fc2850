import { supervisorSetting } from "./processes.ts";

/** The server's settings, for a small machine of two cores that it shares with the application. Given at each start, so an upgrade of Rempart changes them without touching the data directory. */
const SETTINGS: Readonly<Record<string, string>> = {
  max_connections: "100",
  shared_buffers: "128MB",
  effective_cache_size: "1GB",
  maintenance_work_mem: "64MB",
  wal_compression: "on",
  max_wal_size: "1GB",
  min_wal_size: "128MB",
  random_page_cost: "1.1",
  jit: "off",
  shared_preload_libraries: "pg_stat_statements",
  // A utility statement is kept as it was typed, and may hold a password.
  "pg_stat_statements.track_utility": "off",
  timezone: "UTC",
  log_timezone: "UTC",
  // The row's values are in DETAIL and in the statement: neither belongs in a log.
  log_error_verbosity: "terse",
  log_min_error_statement: "panic",
  log_line_prefix: "",
  log_checkpoints: "off",
  password_encryption: "scram-sha-256",
  synchronous_commit: "on",
  fsync: "on",
  full_page_writes: "on",
};

/** For data that may be lost with the machine: tests, whose many processes share one server. */
const NOT_DURABLE: Readonly<Record<string, string>> = {
  synchronous_commit: "off",
  fsync: "off",
  full_page_writes: "off",
  max_connections: "300",
};

export interface Listening {
  socketDirectory: string;
  /** A TCP port on the loopback address, besides the socket. */
  port: number | undefined;
}

/** The port number is part of the socket's file name even when nothing listens on TCP. */
export const SOCKET_PORT = 5432;

export function serverArguments(
  dataDirectory: string,
  listening: Listening,
  durable: boolean,
  further: Readonly<Record<string, string>> = {},
): string[] {
  const settings = {
    ...SETTINGS,
    ...(durable ? {} : NOT_DURABLE),
    unix_socket_directories: quoteListItem(listening.socketDirectory),
    unix_socket_permissions: "0700",
    listen_addresses: listening.port === undefined ? "" : "127.0.0.1",
    port: String(listening.port ?? SOCKET_PORT),
    ...supervisorSetting(),
    ...further,
  };
  return [
    "-D",
    dataDirectory,
    ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
  ];
}

/** A setting that is a list splits at commas and blanks unless an item is quoted. */
export function quoteListItem(item: string): string {
  return `"${item.replaceAll('"', '""')}"`;
}

/** Nothing but what the server needs: our environment may hold secrets, and `PG*` variables would change its mind. */
export function serverEnvironment(): Record<string, string> {
  return { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };
}
