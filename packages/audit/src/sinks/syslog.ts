import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { canonical } from "../entry/canonical.ts";
import type { Severity } from "../events/table.ts";
import type { AuditRecord } from "../reading/record.ts";
import type { Sink } from "./sink.ts";

export interface SyslogOptions {
  readonly host: string;
  readonly port: number;
  /** TLS with verification of the receiver's certificate (RFC 5425). Off for a relay on this machine only. */
  readonly tls: boolean;
  /** PEM of the authority to believe instead of the usual ones. */
  readonly ca?: string;
  readonly hostname: string;
  readonly appName: string;
}

/** `log audit` (RFC 5424, table 1). */
const FACILITY = 13;
/** RFC 5424, table 2. */
const LEVELS: Readonly<Record<Severity, number>> = { critical: 2, warning: 4, notice: 5, info: 6 };
const UNKNOWN_LEVEL = 5;
/** The example number of RFC 5612, for documentation and private use. */
const ENTERPRISE = 32473;

/**
 * RFC 5424 messages over one connection, octet-counted (RFC 6587, section 3.4.1). The protocol has no receipt: a write counts
 * when this machine has sent it. What a receiver had not read yet when it died is lost to it, and stays in the log; where that
 * matters, use a sink that answers.
 */
export function syslogSink(name: string, options: SyslogOptions): Sink {
  let socket: Socket | null = null;
  const drop = (): void => {
    socket?.destroy();
    socket = null;
  };
  return {
    name,
    async write(records, signal) {
      try {
        socket ??= await open(options, signal);
        await send(socket, records.map((record) => frame(syslogMessage(record, options))).join(""), signal);
      } catch (error) {
        drop();
        throw error;
      }
    },
    async close() {
      drop();
    },
  };
}

async function open({ host, port, tls, ca }: SyslogOptions, signal: AbortSignal): Promise<Socket> {
  const socket = tls
    ? connectTls({ host, port, servername: host, ...(ca === undefined ? {} : { ca }) })
    : connect({ host, port });
  // Without a listener, an error between two writes would end the process; the next write finds the socket destroyed.
  socket.on("error", () => socket.destroy());
  // Nothing is ever said to us; reading is how the end of the connection is heard.
  socket.resume();
  await once(socket, tls ? "secureConnect" : "connect", { signal });
  return socket;
}

async function send(socket: Socket, text: string, signal: AbortSignal): Promise<void> {
  if (socket.destroyed || socket.readableEnded) throw new Error("the receiver closed the connection");
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const aborted = (): void => reject(signal.reason);
  signal.addEventListener("abort", aborted, { once: true });
  socket.once("close", () => reject(new Error("the connection was lost")));
  socket.write(text, (error) => (error ? reject(error) : resolve()));
  try {
    await promise;
  } finally {
    signal.removeEventListener("abort", aborted);
  }
}

function frame(message: string): string {
  return `${Buffer.byteLength(message)} ${message}`;
}

/** One message: header, structured data with what to filter by, and the whole entry as JSON. */
export function syslogMessage(
  record: AuditRecord,
  { hostname, appName }: Pick<SyslogOptions, "hostname" | "appName">,
): string {
  const priority = FACILITY * 8 + (record.severity === null ? UNKNOWN_LEVEL : LEVELS[record.severity]);
  const time = new Date(record.time).toISOString();
  const header = [
    `<${priority}>1`,
    time,
    word(hostname, 255),
    word(appName, 48),
    "-",
    word(record.label, 32),
  ].join(" ");
  const fields = [
    param("id", record.id),
    param("index", String(record.index ?? "")),
    param("type", record.type),
  ];
  const { time: _, ...rest } = record;
  return `${header} [audit@${ENTERPRISE} ${fields.join(" ")}] \ufeff${canonical(rest)}`;
}

/** Printable ASCII without spaces; `-` for nothing. */
function word(text: string, limit: number): string {
  return text.replaceAll(/[^\x21-\x7e]/g, "").slice(0, limit) || "-";
}

function param(name: string, value: string): string {
  return `${name}="${value.replaceAll(/["\\\]]/g, (character) => `\\${character}`)}"`;
}
