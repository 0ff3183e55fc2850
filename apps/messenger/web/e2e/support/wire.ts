import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/**
 * A network cable to the server: it can be cut, which ends every connection and refuses new ones, and mended. The browser's
 * own offline switch leaves open sockets open, so it proves less.
 */
export class Wire implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #target: number | null = null;
  #cut = false;

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (socket) => this.#join(socket));
  }

  static async lay(): Promise<Wire> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Wire(server);
  }

  get origin(): string {
    return `http://localhost:${this.port}`;
  }

  leadTo(port: number): void {
    this.#target = port;
  }

  cut(): void {
    this.#cut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#cut = false;
  }

  #join(socket: Socket): void {
    if (this.#cut || this.#target === null) return void socket.destroy();
    const onward = connect(this.#target, "127.0.0.1");
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      this.#sockets.add(one);
      one.pipe(other);
      // A cut wire is a reset connection on both sides: the peer must end too, and nobody else needs to know.
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }
}
