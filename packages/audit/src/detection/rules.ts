import { byAddress, byUser, countingRule } from "./counting.ts";
import { accountOf, HOUR, MINUTE, type Rule, type Suspicion, textAt, userOf } from "./rule.ts";
import { evidenceOf, Windows } from "./windows.ts";

export const failedLoginsByAddress = countingRule({
  name: "failed-logins-by-address",
  summary: "failed sign-ins from one address",
  types: ["auth.login.failed"],
  by: byAddress,
  moreThan: 10,
  withinMs: MINUTE,
  score: 70,
  coolDownMs: 15 * MINUTE,
  response: "ban-address",
});

export const failedLoginsByAccount = countingRule({
  name: "failed-logins-by-account",
  summary: "failed sign-ins to one account",
  types: ["auth.login.failed"],
  by: byUser(accountOf),
  moreThan: 10,
  withinMs: MINUTE,
  score: 60,
  coolDownMs: 15 * MINUTE,
  response: "require-step-up",
});

/** Slow enough for the rules above: one try for each account. */
export const failedLoginsSpread = countingRule({
  name: "failed-logins-spread",
  summary: "one address fails at many accounts",
  types: ["auth.login.failed"],
  by: byAddress,
  distinct: accountOf,
  moreThan: 10,
  withinMs: HOUR,
  score: 80,
  coolDownMs: HOUR,
  response: "ban-address",
});

export const injectionAttempts = countingRule({
  name: "injection-attempts",
  summary: "requests that look like injections",
  types: ["edge.attack"],
  by: byAddress,
  moreThan: 2,
  withinMs: 5 * MINUTE,
  score: 75,
  coolDownMs: 15 * MINUTE,
  response: "ban-address",
});

export const unauthorisedAdministration = countingRule({
  name: "unauthorised-administration",
  summary: "refused attempts at administration",
  types: ["access.denied"],
  counts: (record) => (textAt(record, ["request", "path"]) ?? "").startsWith("/admin"),
  by: (record) => byUser(userOf)(record) ?? byAddress(record),
  moreThan: 2,
  withinMs: 10 * MINUTE,
  score: 80,
  coolDownMs: HOUR,
  response: "end-sessions",
});

/** A person has a handful of devices, and gets a new one now and then. */
export const deviceChurn = countingRule({
  name: "device-churn",
  summary: "devices added to one account",
  types: ["key.change"],
  counts: (record) => textAt(record, ["resource", "metadata", "change"]) === "added",
  by: byUser(userOf),
  moreThan: 3,
  withinMs: HOUR,
  score: 70,
  coolDownMs: 24 * HOUR,
  response: "require-step-up",
});

/** One account's devices change from more networks than a person can be in. */
export const impossibleDeviceChange = countingRule({
  name: "impossible-device-change",
  summary: "devices of one account change from several networks at once",
  types: ["key.change"],
  by: byUser(userOf),
  distinct: ({ address }) => (address === null ? undefined : networkOf(address)),
  moreThan: 1,
  withinMs: 5 * MINUTE,
  score: 85,
  coolDownMs: HOUR,
  response: "end-sessions",
});

export const massExport = countingRule({
  name: "mass-export",
  summary: "exports by one account",
  types: ["data.export", "audit.exported"],
  by: byUser(userOf),
  moreThan: 5,
  withinMs: HOUR,
  score: 80,
  coolDownMs: HOUR,
  response: "require-step-up",
});

export const massDownload = countingRule({
  name: "mass-download",
  summary: "downloads by one account",
  types: ["data.download"],
  by: byUser(userOf),
  moreThan: 100,
  withinMs: 10 * MINUTE,
  score: 60,
  coolDownMs: HOUR,
  response: "require-step-up",
});

export const honeytokenUse = countingRule({
  name: "honeytoken-use",
  summary: "a secret that nobody has any business with was used",
  types: ["honeytoken.used"],
  by: (record) => byAddress(record) ?? byUser(userOf)(record),
  moreThan: 0,
  withinMs: MINUTE,
  score: 100,
  coolDownMs: MINUTE,
  response: "ban-address",
});

export const tokenReuse = countingRule({
  name: "token-reuse",
  summary: "a session's old token was shown again",
  types: ["auth.token.reused"],
  by: byUser(accountOf),
  moreThan: 0,
  withinMs: MINUTE,
  score: 90,
  coolDownMs: MINUTE,
  response: "end-sessions",
});

const BURST = "a device was added, then more messages came than may be sent";

/** A new key, and at once more messages than may be sent: an account that was taken over to spread something. */
export const keyChangeThenBurst: Rule = {
  name: "key-change-then-burst",
  summary: BURST,
  types: ["key.change", "edge.limited"],
  memoryMs: 10 * MINUTE,
  coolDownMs: HOUR,
  response: "end-sessions",
  start() {
    const changes = new Windows(10 * MINUTE);
    return {
      see(record) {
        const user = userOf(record);
        if (user === undefined) return null;
        if (record.type === "key.change") changes.add(user, record.time, record.id);
        if (textAt(record, ["security", "limit"]) !== "messages") return null;
        const before = changes.peek(user, record.time);
        if (before.length === 0) return null;
        changes.clear(user);
        return suspicion("key-change-then-burst", user, 85, BURST, [...before, record]);
      },
    };
  },
};

export interface OfficeHours {
  /** IANA name, such as `Europe/Paris`. */
  readonly timeZone: string;
  /** Whole hours of the day, `from` inclusive and `to` exclusive. */
  readonly from: number;
  readonly to: number;
  /** 0 is Sunday. */
  readonly days: readonly number[];
}

export const OFFICE_HOURS: OfficeHours = { timeZone: "UTC", from: 7, to: 20, days: [1, 2, 3, 4, 5] };

/** A role was given or taken while nobody should be at work. */
export function privilegeOutsideHours(hours: OfficeHours = OFFICE_HOURS): Rule {
  const within = insideHours(hours);
  return {
    name: "privilege-outside-hours",
    summary: "a privilege changed outside working hours",
    types: ["privilege.changed"],
    memoryMs: 0,
    coolDownMs: HOUR,
    response: null,
    start: () => ({
      see(record) {
        const user = userOf(record) ?? accountOf(record);
        if (user === undefined || within(record.time)) return null;
        const when = `a privilege changed at ${new Date(record.time).toISOString()}, outside working hours`;
        return suspicion("privilege-outside-hours", user, 65, when, [record]);
      },
    }),
  };
}

/** Throws `RangeError` for a time zone that there is not. */
function insideHours({ timeZone, from, to, days }: OfficeHours): (time: number) => boolean {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hour: "2-digit",
    hourCycle: "h23",
    weekday: "short",
  });
  const names = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
  return (time) => {
    const parts = format.formatToParts(time);
    const hour = Number(parts.find(({ type }) => type === "hour")?.value);
    const day = names.indexOf(parts.find(({ type }) => type === "weekday")?.value ?? "");
    return days.includes(day) && hour >= from && hour < to;
  };
}

function suspicion(
  rule: string,
  user: string,
  score: number,
  reason: string,
  records: readonly { readonly id: string }[],
): Suspicion {
  return { rule, target: { kind: "user", value: user }, score, reason, evidence: evidenceOf(records) };
}

/** An IPv4 address by its /16, an IPv6 one by its /32: about what one provider hands out in one place. */
function networkOf(address: string): string {
  return address.includes(":") ? address.split(":", 2).join(":") : address.split(".", 2).join(".");
}

export const RULES: readonly Rule[] = [
  failedLoginsByAddress,
  failedLoginsByAccount,
  failedLoginsSpread,
  injectionAttempts,
  unauthorisedAdministration,
  deviceChurn,
  impossibleDeviceChange,
  massExport,
  massDownload,
  honeytokenUse,
  tokenReuse,
  keyChangeThenBurst,
  privilegeOutsideHours(),
];
