import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Exchange } from "@rempart/edge";
import type { TraceHeaders } from "@rempart/observability/telemetry";
import { answerFields } from "../core/answer-fields.ts";
import { requestFields, toldOf } from "../core/request-fields.ts";
import { GatewayError, protocolError } from "../errors.ts";
import { writeRequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import { Attempts } from "./attempts.ts";
import type { ConnectionUser, UpstreamConnection } from "./connection.ts";
import type { Passage } from "./passage.ts";

/** RFC 6455, 1.3. */
const ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const KEY = /^[A-Za-z0-9+/]{22}==$/;
const UPGRADE = ["Connection", "Upgrade", "Upgrade", "websocket"];

/**
 * A WebSocket's handshake with the upstream. The tunnel opens only when the upstream proves that it read this very
 * handshake: between two that disagree whether one took place, a client could speak HTTP past the edge.
 */
export class Handshake implements ConnectionUser {
  readonly wantsTunnel = true;
  readonly #passage: Passage;
  readonly #request: IncomingMessage;
  readonly #client: Duplex;
  readonly #exchange: Exchange;
  readonly #trace: TraceHeaders | null;
  readonly #attempts: Attempts;
  readonly #end = Promise.withResolvers<void>();
  readonly #clientClosed = (): void => this.#leave();
  #connection: UpstreamConnection | null = null;
  #head: ResponseHead | null = null;

  /** Throws where nothing can be tried, or the request is no handshake of version 13 (RFC 6455, 4.2.1). */
  constructor(passage: Passage, request: IncomingMessage, client: Duplex, exchange: Exchange) {
    const { headers } = request;
    if (headers["sec-websocket-version"] !== "13" || !KEY.test(headers["sec-websocket-key"] ?? ""))
      throw new GatewayError("refused-request", "Refused: no WebSocket handshake of version 13");
    this.#passage = passage;
    this.#request = request;
    this.#client = client;
    this.#exchange = exchange;
    this.#trace = passage.traces.told(exchange.facts);
    this.#attempts = new Attempts(passage, exchange.requestId, "GET", false);
    client.once("close", this.#clientClosed);
    this.#open();
  }

  /** Resolves once the client has its 101. */
  get opened(): Promise<void> {
    return this.#end.promise;
  }

  onReady(): void {
    const { upstream, clock } = this.#passage;
    const connection = this.#connection as UpstreamConnection;
    const { url = "", rawHeaders, headers } = this.#request;
    const asked = headers.host ?? "";
    const host = upstream.settings.host === "client" ? asked : this.#attempts.targetHost;
    const fields = requestFields(rawHeaders, headers.connection, toldOf(this.#exchange, asked, this.#trace));
    const head = writeRequestHead("GET", url, host, [...fields, ...UPGRADE], { kind: "none" });
    connection.send(head, "GET", true, true);
    this.#attempts.sent();
    connection.await("headers", clock.monotonic() + upstream.settings.timeouts.headersMs);
  }

  onHead(head: ResponseHead): void {
    this.#attempts.answered(head.status);
    this.#head = head;
    if (head.status === 101) return;
    this.#connection?.destroy();
    const details = { status: head.status };
    this.#fail(
      new GatewayError("upstream-refused-upgrade", `The upstream answered ${head.status}`, { details }),
    );
  }

  onTunnel(upstream: Socket, bytes: Buffer): void {
    const head = this.#head as ResponseHead;
    if (!isAccepted(head, this.#request.headers["sec-websocket-key"] ?? "")) {
      upstream.destroy();
      this.#fail(protocolError("a handshake that answers no request of ours"));
      return;
    }
    this.#client.off("close", this.#clientClosed);
    upstream.once("close", () => this.#attempts.close());
    this.#client.write(this.#answer(head), "latin1");
    if (bytes.length > 0) this.#client.write(bytes);
    join(this.#client, upstream);
    this.#end.resolve();
  }

  onFailure(error: GatewayError): void {
    if (!this.#attempts.failed(error)) {
      this.#end.reject(error);
      return;
    }
    try {
      this.#open();
    } catch (unavailable) {
      this.#end.reject(unavailable);
    }
  }

  onBody(): void {}
  onPause(): void {}
  onEnd(): void {}
  onDrain(): void {}

  #open(): void {
    this.#connection = this.#attempts.open(this);
    if (this.#connection.isUsed) this.onReady();
  }

  #answer({ fields }: ResponseHead): string {
    const { edge, route } = this.#passage;
    const passed = answerFields([], fields, null, { owns: edge.owns, kept: route.kept });
    let text = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
    for (let i = 0; i < passed.length; i += 2) text += `${passed[i]}: ${passed[i + 1]}\r\n`;
    return `${text}X-Request-Id: ${this.#exchange.requestId}\r\n\r\n`;
  }

  #leave(): void {
    this.#connection?.destroy();
    this.#fail(new GatewayError("refused-request", "The client left during the handshake"));
  }

  #fail(error: GatewayError): void {
    this.#attempts.close();
    this.#end.reject(error);
  }
}

function isAccepted({ fields }: ResponseHead, key: string): boolean {
  const accept = createHash("sha1").update(`${key}${ACCEPT_SUFFIX}`).digest("base64");
  const of = (wanted: string): string[] =>
    fields.filter((_, i) => i % 2 === 1 && (fields[i - 1] as string).toLowerCase() === wanted);
  const accepts = of("sec-websocket-accept");
  const upgrades = of("upgrade");
  const isOurs = accepts.length === 1 && accepts[0] === accept;
  return isOurs && upgrades.length === 1 && upgrades[0]?.toLowerCase() === "websocket";
}

/** Each end's bytes go to the other at the other's pace; when one is gone, so is the other. */
function join(client: Duplex, upstream: Socket): void {
  client.pipe(upstream);
  upstream.pipe(client);
  client.once("close", () => upstream.destroy());
  upstream.once("close", () => client.destroy());
}
