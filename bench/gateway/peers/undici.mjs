/** The least a proxy on undici does: no hardening, no limits, no log. A reference, not a peer. */
import { createServer } from "node:http";
import { Pool } from "undici";

const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "proxy-connection",
]);
const pool = new Pool(process.env.UPSTREAM, { connections: 64, pipelining: 1 });

function passed(raw) {
  const headers = [];
  for (let i = 0; i < raw.length; i += 2) {
    if (!HOP_BY_HOP.has(raw[i].toLowerCase())) headers.push(raw[i], raw[i + 1]);
  }
  return headers;
}

function answered(fields) {
  const headers = [];
  for (const name of Object.keys(fields)) if (!HOP_BY_HOP.has(name)) headers.push(name, fields[name]);
  return headers;
}

/** One answer on its way back, at the client's pace. */
class Answer {
  constructor(response) {
    this.response = response;
  }
  onRequestStart() {}
  onResponseStart(controller, status, headers) {
    this.response.writeHead(status, answered(headers));
    this.response.on("drain", () => controller.resume());
  }
  onResponseData(controller, chunk) {
    if (!this.response.write(chunk)) controller.pause();
  }
  onResponseEnd() {
    this.response.end();
  }
  onResponseError() {
    this.response.destroy();
  }
}

const server = createServer((request, response) => {
  const { url: path, method, headers, rawHeaders } = request;
  const hasBody = headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;
  const body = hasBody ? request : null;
  pool.dispatch({ path, method, headers: passed(rawHeaders), body }, new Answer(response));
});
server.listen(0, "127.0.0.1", () => process.send?.({ port: server.address().port }));
