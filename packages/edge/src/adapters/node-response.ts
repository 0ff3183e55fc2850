import { type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { EdgeAnswer } from "../headers/answer.ts";
import { writeHeadUnguarded } from "./node-guard.ts";

/** Writes the edge's own answer, in place of whatever a handler prepared. */
export function send(response: ServerResponse, answer: EdgeAnswer): void {
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  const { status, headers, body } = answer;
  if (status !== 204) headers.push("Content-Length", String(Buffer.byteLength(body)));
  writeHeadUnguarded(response, status, headers);
  response.end(body);
}

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
