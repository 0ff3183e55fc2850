import { LIMITS } from "@rempart/messaging/contract";
import { z } from "zod";

const id = z.string().max(36);

/** What the processes of one installation tell each other. Every message may be lost: each is a hint that something else repairs. */
export const busMessage = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("heads"),
    /** Conversations whose head moved. */
    heads: z.array(
      z.object({
        id,
        seq: z.int(),
        /** Users whom a commit at this position added: they do not listen yet. */
        added: z.array(id).max(LIMITS.devicesPerConversation).optional(),
        /** Who created the conversation with this position, and listens to it too. */
        creator: id.optional(),
      }),
    ),
  }),
  /** A frame that is not stored, for the members of a conversation. */
  z.object({ kind: z.literal("topic"), id, frame: z.string().max(4096), except: id.optional() }),
  z.object({ kind: z.literal("device-revoked"), id }),
  z.object({ kind: z.literal("presence"), id, online: z.boolean() }),
  /** Sent at intervals: the process lives. */
  z.object({ kind: z.literal("alive") }),
  /** Asks every other process who is connected to it. */
  z.object({ kind: z.literal("who") }),
  z.object({ kind: z.literal("here"), ids: z.array(id) }),
]);

export type BusMessage = z.infer<typeof busMessage>;

/** `from` names the sending process. Must not throw. */
export type BusListener = (message: BusMessage, from: string) => void;

/**
 * One process's end of the bus. Messages of one sender arrive in the order they were published, at most once, at every
 * other end and never at the sender's own.
 */
export interface Bus {
  /** This process's name on the bus, unique among the living. */
  readonly id: string;
  /** Never throws and never waits: a message that cannot be carried now is lost. */
  publish(message: BusMessage): void;
  /** Set once, before `open`. */
  listen(listener: BusListener): void;
  /** Resolves when messages published elsewhere from now on arrive here. */
  open(): Promise<void>;
  close(): Promise<void>;
  /** False while messages are being lost. */
  readonly healthy: boolean;
}
