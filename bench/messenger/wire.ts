/**
 * A WebSocket client that costs almost nothing, so that one core of load can saturate one core of server. It trusts the
 * server it measures: frames from the server are text, not masked, not fragmented (RFC 6455, section 5).
 */
import { connect, type Socket } from "node:net";

const FIN_TEXT = 0x81;
const FIN_PONG = 0x8a;
const OPCODE_TEXT = 0x1;
const OPCODE_CLOSE = 0x8;
const OPCODE_PING = 0x9;
/** A client must mask; the key of zeros is legal and leaves the payload as it is. */
const MASKED = 0x80;
const MASK_BYTES = 4;

export interface WireOptions {
  port: number;
  path: string;
  headers?: Readonly<Record<string, string>>;
  /** The payload of a text frame; a view on the read buffer, valid during the call only. */
  onText(payload: Buffer): void;
  onClose?(code: number | null): void;
}

export interface Wire {
  send(frame: Buffer): void;
  close(): void;
}

/** A client's text frame, ready to write. */
export function textFrame(text: string): Buffer {
  return frame(FIN_TEXT, Buffer.from(text), true);
}

/** A server's text frame, ready to write to any number of sockets. */
export function serverTextFrame(payload: Buffer): Buffer {
  return frame(FIN_TEXT, payload, false);
}

function frame(first: number, payload: Buffer, masked: boolean): Buffer {
  const extended = payload.length < 126 ? 0 : payload.length < 65_536 ? 2 : 8;
  const start = 2 + extended + (masked ? MASK_BYTES : 0);
  const out = Buffer.alloc(start + payload.length);
  const short = extended === 0 ? payload.length : extended === 2 ? 126 : 127;
  out[0] = first;
  out[1] = masked ? MASKED | short : short;
  if (extended === 2) out.writeUInt16BE(payload.length, 2);
  if (extended === 8) out.writeBigUInt64BE(BigInt(payload.length), 2);
  payload.copy(out, start);
  return out;
}

export function openWire(options: WireOptions): Promise<Wire> {
  const socket = connect(options.port, "127.0.0.1");
  socket.setNoDelay(true);
  return new Promise((resolve, reject) => {
    let pending: Buffer = Buffer.alloc(0);
    let open = false;
    const wire: Wire = { send: (frame) => void socket.write(frame), close: () => socket.destroy() };
    socket.once("connect", () => socket.write(upgradeRequest(options)));
    socket.once("error", reject);
    socket.once("close", () =>
      open ? options.onClose?.(null) : reject(new Error("closed before the upgrade")),
    );
    socket.on("data", (chunk: Buffer) => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      if (!open) {
        const end = pending.indexOf("\r\n\r\n");
        if (end < 0) return;
        const head = pending.toString("latin1", 0, end);
        if (!head.startsWith("HTTP/1.1 101"))
          return void reject(new Error(`upgrade refused: ${head.split("\r\n")[0]}`));
        open = true;
        pending = pending.subarray(end + 4);
        socket.off("error", reject);
        socket.on("error", () => socket.destroy());
        resolve(wire);
      }
      pending = pending.subarray(readFrames(pending, socket, options));
    });
  });
}

function upgradeRequest({ port, path, headers = {} }: WireOptions): string {
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: localhost:${port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** Handles every whole frame in `buffer`; answers how many bytes they took. */
function readFrames(buffer: Buffer, socket: Socket, options: WireOptions): number {
  let at = 0;
  while (buffer.length - at >= 2) {
    const short = (buffer[at + 1] as number) & 0x7f;
    const headerBytes = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (buffer.length - at < headerBytes) break;
    const length =
      short < 126
        ? short
        : short === 126
          ? buffer.readUInt16BE(at + 2)
          : Number(buffer.readBigUInt64BE(at + 2));
    const end = at + headerBytes + length;
    if (buffer.length < end) break;
    handleFrame((buffer[at] as number) & 0x0f, buffer.subarray(at + headerBytes, end), socket, options);
    at = end;
  }
  return at;
}

function handleFrame(opcode: number, payload: Buffer, socket: Socket, options: WireOptions): void {
  if (opcode === OPCODE_TEXT) options.onText(payload);
  else if (opcode === OPCODE_PING) socket.write(frame(FIN_PONG, payload, true));
  else if (opcode === OPCODE_CLOSE) options.onClose?.(payload.length >= 2 ? payload.readUInt16BE(0) : null);
}
