import type { DeliveryState, Notice, Person, TimelineItem } from "../../client/api.ts";
import { fixtureId, ME, person } from "./people.ts";

const MINUTE = 60_000;
let made = 0;

function placed(seq: number | null, at: number) {
  made += 1;
  return { id: fixtureId("message", made), seq, at };
}

/** A line of a story: who says what, how many minutes after the line before. */
type Line = readonly [who: Person | "me", text: string, minutes: number];

/** The story's last line stands `endedAgo` minutes before now. */
export function story(lines: readonly Line[], endedAgo: number, now = Date.now()): TimelineItem[] {
  const total = lines.reduce((sum, [, , minutes]) => sum + minutes, 0);
  let at = now - (endedAgo + total) * MINUTE;
  return lines.map(([who, text, minutes], index) => {
    at += minutes * MINUTE;
    return said(who, text, index + 2, at);
  });
}

export function said(
  who: Person | "me",
  text: string,
  seq: number | null,
  at: number,
  delivery: DeliveryState = "read",
): TimelineItem {
  const mine = who === "me";
  return {
    ...placed(seq, at),
    kind: "text",
    sender: mine ? { id: ME.id, name: ME.name } : who,
    mine,
    text,
    delivery: mine ? delivery : null,
    failure: null,
  };
}

export function noticed(notice: Notice, seq: number, at: number): TimelineItem {
  return { ...placed(seq, at), kind: "notice", notice };
}

export function unreadable(
  sender: Person,
  reason: Extract<TimelineItem, { kind: "undecryptable" }>["reason"],
  seq: number,
  at: number,
): TimelineItem {
  return { ...placed(seq, at), kind: "undecryptable", sender, reason };
}

const [ines, tom, mathilde, yuki, samir] = [person(0), person(1), person(2), person(3), person(4)];

export const FESTIVAL: readonly Line[] = [
  [ines, "The town hall said yes! We have the old ramparts for the whole weekend.", 0],
  [ines, "Stage on the east bastion, food stalls in the moat.", 1],
  [tom, "Wonderful. I can bring the lights, but I need to know about power before Thursday.", 6],
  [
    mathilde,
    "There is a 63 A supply behind the gate house. I have the plan somewhere, will send it tonight.",
    4,
  ],
  ["me", "Perfect. Let’s meet there on Wednesday at six and walk it once?", 9],
  ["me", "I’ll ask the neighbours about the sound check too.", 1],
  [tom, "Wednesday works 👍", 12],
  [ines, "For me too. And nobody posts anything about the headliner before Friday, please!", 3],
  [mathilde, "Found it: 3 × 63 A, 40 m from the stage. Cable needs a bridge over the path.", 95],
  [samir, "I have two cable bridges from last year, they are still in the van.", 2],
  ["me", "Samir saves the day again", 5],
  [yuki, "🎉", 1],
  [ines, "Then we only miss volunteers for the late shift. Who is in?", 14],
];

export const PAIR: readonly Line[] = [
  ["me", "Did the letter from the notary arrive?", 0],
  [tom, "This morning. Everything as agreed, we only have to sign.", 7],
  [tom, "I’d rather not send photos of it around. Shall I bring it on Sunday?", 1],
  ["me", "Yes please. And thank you for asking first.", 3],
  [tom, "Of course. Coffee at ten?", 2],
  ["me", "At ten. I’ll bring the croissants 🥐", 1],
];

export const SMALL_TALK: readonly (readonly Line[])[] = [
  [[mathilde, "The second draft is on your desk. Tell me what you think of chapter four.", 0]],
  [["me", "Landed. The train leaves in twenty minutes.", 0]],
  [[yuki, "Shall we move the rehearsal to Tuesday? The hall is free then.", 0]],
  [[samir, "Thanks, the keys are with the neighbour.", 0]],
  [["me", "Happy birthday! 🎂", 0]],
  [[ines, "I left you a voice note about the budget, no hurry.", 0]],
];

const WORDS =
  "the gate opens at dawn and we carry bread lamps maps and good news over the bridge before the market wakes while bells count the hours for everyone who listens";

/** Filler of a length that varies with `n`, the same each time. */
export function filler(n: number): string {
  const words = WORDS.split(" ");
  const length = 3 + ((n * 7) % 24);
  const text = Array.from({ length }, (_, i) => words[(n * 5 + i) % words.length]).join(" ");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
