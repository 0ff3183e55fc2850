import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { test } from "node:test";
import { CLOSE } from "@rempart/messaging/contract";
import { WebSocket } from "ws";
import { type ClientSocket, Connection, MAX_UNSENT_BYTES } from "./connection.ts";

const WHO = {
  userId: "ada",
  deviceId: "phone",
  sessionId: "session",
  sessionExpiresAt: Number.MAX_SAFE_INTEGER,
  origin: undefined,
};

/** The two ends below a connection: what was written, and the code that it was closed with. */
function ends() {
  const told = { written: "", code: 0 };
  const socket = { writableLength: 0, write: (bytes: Buffer) => (told.written += bytes.toString("latin1")) };
  const ws = {
    readyState: WebSocket.OPEN,
    close: (code: number) => (told.code = code),
    terminate: () => undefined,
  };
  const connection = new Connection(
    ws as unknown as ClientSocket,
    socket as unknown as Socket,
    WHO,
    Number.MAX_SAFE_INTEGER,
    0,
  );
  return { told, socket, connection };
}

test("a socket that does not take what it is sent is told to resynchronise, closed, and written to no more", () => {
  const { told, socket, connection } = ends();
  connection.write(Buffer.from("before"));
  socket.writableLength = MAX_UNSENT_BYTES;
  connection.write(Buffer.from(" at the bound"));
  assert.equal(told.code, 0);
  socket.writableLength += 1;
  connection.write(Buffer.from("never"));
  connection.write(Buffer.from("never"));
  assert.match(told.written, /^before at the bound.*\{"t":"resync"\}$/s);
  assert.equal(told.code, CLOSE.resync);
  assert.equal(connection.open, false);
});
