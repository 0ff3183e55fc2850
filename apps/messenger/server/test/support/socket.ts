import { type ClientFrame, type ServerFrame, serverFrame } from "@rempart/messaging/contract";
import { WebSocket } from "ws";

type Kind = ServerFrame["t"];
type Of<T extends Kind> = Extract<ServerFrame, { t: T }>;

/** A WebSocket client that checks every frame against the contract and keeps them in order. */
export class TestSocket {
  readonly ws: WebSocket;
  readonly frames: ServerFrame[] = [];
  readonly closed: Promise<number>;
  #waiting: (() => void)[] = [];

  private constructor(ws: WebSocket) {
    this.ws = ws;
    ws.on("message", (data) => {
      this.frames.push(serverFrame.parse(JSON.parse(String(data))));
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      ws.on("close", (code) => {
        resolve(code);
        this.#wake();
      });
    });
    ws.on("error", () => undefined);
  }

  /** Resolves once it is `ready`, or closed. */
  static async open(
    url: string,
    query: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<TestSocket> {
    const ws = new WebSocket(`${url.replace("http", "ws")}/ws?${new URLSearchParams(query)}`, { headers });
    const socket = new TestSocket(ws);
    await Promise.race([socket.next("ready"), socket.closed]);
    return socket;
  }

  /** Takes the first frame of a kind that arrived, or arrives, and satisfies `matches`. */
  next<T extends Kind>(kind: T, matches: (frame: Of<T>) => boolean = () => true): Promise<Of<T>> {
    return this.take((frame): frame is Of<T> => frame.t === kind && matches(frame as Of<T>), kind);
  }

  /** The answer to what was sent under `id`. */
  answer(id: string): Promise<Of<"ack"> | Of<"nack">> {
    const isAnswer = (frame: ServerFrame) => (frame.t === "ack" || frame.t === "nack") && frame.id === id;
    return this.take((frame): frame is Of<"ack"> | Of<"nack"> => isAnswer(frame), "ack or nack");
  }

  private async take<T extends ServerFrame>(
    wanted: (frame: ServerFrame) => frame is T,
    what: string,
  ): Promise<T> {
    for (;;) {
      const at = this.frames.findIndex(wanted);
      if (at >= 0) return this.frames.splice(at, 1)[0] as T;
      if (this.ws.readyState === WebSocket.CLOSED) throw new Error(`closed before ${what} came`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Resolves when everything sent before was handled: the answer to a ping comes after it. */
  async settled(): Promise<void> {
    this.send({ t: "ping" });
    await this.next("pong");
  }

  send(frame: ClientFrame): void {
    this.ws.send(JSON.stringify(frame));
  }

  close(): void {
    this.ws.terminate();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
