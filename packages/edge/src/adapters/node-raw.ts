import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { EdgeAnswer } from "../headers/answer.ts";

/** Answers on the bare socket where there is no response object, and closes the connection. */
export function sendRaw(socket: Duplex, answer: EdgeAnswer): void {
  const { status, headers, body } = answer;
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Error"}\r\n`;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== "Connection") text += `${headers[i]}: ${headers[i + 1]}\r\n`;
  }
  text += `Date: ${new Date().toUTCString()}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n`;
  socket.end(text + body, () => socket.destroy());
}
