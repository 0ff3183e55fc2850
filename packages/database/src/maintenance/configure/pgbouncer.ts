import { DatabaseError } from "../../errors.ts";

export interface PoolerOptions {
  readonly database: string;
  readonly host: string;
  readonly port: number;
  /** `max_connections` of the server behind it. */
  readonly connections: number;
  readonly poolSize?: number;
  readonly clients?: number;
}

/** Names and addresses that need no quoting in the file. */
const PLAIN = /^[A-Za-z0-9_.:/-]{1,255}$/;
/** Left for maintenance, migrations and replication, which go past the pooler. */
const RESERVED = 20;

/** `pgbouncer.ini` for one database. Throws `invalid-value`. */
export function pgbouncerIni(options: PoolerOptions): string {
  const { database, host, port, connections, poolSize = 25, clients = 1_000 } = options;
  if (!PLAIN.test(database) || !PLAIN.test(host))
    throw new DatabaseError("invalid-value", "the pooler's file takes plain names and addresses only");
  if (poolSize > connections - RESERVED)
    throw new DatabaseError(
      "invalid-value",
      `a pool of ${poolSize} leaves too few of ${connections} connections`,
    );
  return `[databases]
${database} = host=${host} port=${port} dbname=${database}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = 6432
; clients prove who they are as the server would ask them to
auth_type = scram-sha-256
auth_file = /etc/pgbouncer/userlist.txt
; a server connection belongs to a client for one transaction
pool_mode = transaction
max_client_conn = ${clients}
default_pool_size = ${poolSize}
; all pools together leave the rest for what goes past the pooler
max_db_connections = ${connections - RESERVED}
; statements that clients prepare once are prepared where they land
max_prepared_statements = 200
; sent by our pool at the start of a connection; the server's own hold instead
ignore_startup_parameters = extra_float_digits,statement_timeout,idle_in_transaction_session_timeout
`;
}
