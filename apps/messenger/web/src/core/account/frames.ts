import type { ServerFrame } from "@rempart/messaging/contract";
import type { Presence } from "./presence.ts";
import type { Rooms } from "./rooms.ts";
import type { Sync } from "./sync.ts";
import type { Typing } from "./typing.ts";

export interface FrameHandlerParts {
  readonly rooms: Rooms;
  readonly presence: Presence;
  readonly typing: Typing;
  readonly sync: Sync;
  failed(error: unknown): void;
}

/** Sends each frame of the server to whom it concerns. A frame about a conversation not known here asks for it. */
export function createFrameHandler(parts: FrameHandlerParts): (frame: ServerFrame) => void {
  const { rooms, presence, typing, sync } = parts;

  const inRoom = (id: string, work: (room: NonNullable<ReturnType<Rooms["get"]>>) => void): void => {
    const room = rooms.get(id);
    if (room === undefined) sync.discover(id);
    else work(room);
  };

  return (frame) => {
    switch (frame.t) {
      case "ready":
        presence.restart();
        sync.started(frame.incarnation);
        return;
      case "message":
        typing.heard(frame.m.conversationId, frame.m.senderId, false);
        inRoom(frame.m.conversationId, (room) => room.receive(frame.m));
        return;
      case "ack":
        rooms.get(frame.conversationId)?.answered(frame);
        return;
      case "nack":
        for (const room of rooms.all()) room.answered(frame);
        return;
      case "receipt":
        rooms.get(frame.conversationId)?.receipt(frame);
        return;
      case "typing":
        typing.heard(frame.conversationId, frame.userId, frame.on);
        return;
      case "presence":
        presence.heard(frame.userId, frame.online);
        return;
      case "welcome":
      case "conversation":
        sync.discover(frame.conversationId);
        return;
      case "removed":
        rooms.get(frame.conversationId)?.removed().catch(parts.failed);
        return;
      case "beat":
        for (const [id, head] of frame.heads) inRoom(id, (room) => room.heard(head));
        return;
      case "pong":
      case "resync":
      case "error":
        return;
    }
  };
}
