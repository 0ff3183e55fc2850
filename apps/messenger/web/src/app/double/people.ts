import type { Me, MemberView, Person } from "../../client/api.ts";

const KINDS = {
  person: "a001",
  conversation: "a002",
  message: "a003",
  device: "a004",
  session: "a005",
  factor: "a006",
} as const;

/** Ids that read as UUIDs and stay the same from run to run. */
export function fixtureId(kind: keyof typeof KINDS, n: number): string {
  const group = KINDS[kind];
  return `01990000-${group}-7000-8000-${n.toString(16).padStart(12, "0")}`;
}

export const ME: Me = {
  id: fixtureId("person", 0),
  name: "Camille Laurent",
  email: "camille@example.org",
  emailVerified: true,
  role: "ADMIN",
  mfaEnabled: true,
  mfaRequired: false,
  deviceId: fixtureId("device", 0),
};

const NAMES = [
  "Inès Moreau",
  "Tom Okafor",
  "Mathilde Roy",
  "Yuki Tanaka",
  "Samir Haddad",
  "Clara Lindqvist",
  "Joao Pereira",
  "Nora Steiner",
  "Louis Vasseur",
  "Amara Diallo",
  "Felix Brandt",
  "Élodie Garnier",
] as const;

export const PEOPLE: readonly Person[] = NAMES.map((name, index) => ({
  id: fixtureId("person", index + 1),
  name,
}));

/** A person of the fixtures by number, round and round. */
export function person(n: number): Person {
  return PEOPLE[n % PEOPLE.length] as Person;
}

export function member(who: Person, part: Partial<MemberView> = {}): MemberView {
  return { id: who.id, name: who.name, role: "member", online: false, read: 0, delivered: 0, ...part };
}
