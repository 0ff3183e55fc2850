/**
 * What end-to-end encryption costs one device, by the number of devices in the group. Groups are as right after their
 * creation, when no path key is shared yet: the dearest case for a commit. Medians; one core.
 */
import { equalBytes, systemClock, utf8 } from "@rempart/kernel";
import { encodeIdentity, type LeafIdentity } from "@rempart/messaging";
import { LIMITS, type Suite } from "@rempart/messaging/contract";
import { type CryptoEngine, createMlsEngine, type DeviceKeys, type Group } from "@rempart/messaging/engine";
import { count, median, type Row, table, writeReport } from "../lib/report.ts";

const CASES: readonly { readonly suite: Suite; readonly devices: number }[] = [
  ...[2, 10, 100].map((devices) => ({ suite: "x-wing" as const, devices })),
  ...[2, 10, 100, 1000].map((devices) => ({ suite: "x25519" as const, devices })),
];

const BODY = utf8("x".repeat(300));
const TAG = new Uint8Array(32);

const id = (number: number) => `01900000-0000-7000-8000-${String(number).padStart(12, "0")}`;
const CONVERSATION = id(0);

interface World {
  readonly engine: CryptoEngine;
  readonly creator: DeviceKeys;
  /** The creator's view, and another device's. */
  readonly group: Group;
  readonly other: Group;
  readonly welcomeKilobytes: number;
  readonly joinMs: number;
}

async function timed<T>(work: () => Promise<T>): Promise<[milliseconds: number, result: T]> {
  const start = performance.now();
  const result = await work();
  return [performance.now() - start, result];
}

/** Median milliseconds of `times` runs. The work must not depend on the run before. */
async function measure(times: number, work: () => unknown): Promise<number> {
  const samples: number[] = [];
  for (let i = 0; i < times; i += 1) samples.push((await timed(async () => work()))[0]);
  return median(samples);
}

async function world(suite: Suite, devices: number): Promise<World> {
  const known = new Map<string, Uint8Array>();
  const name = (leaf: LeafIdentity) => String.fromCharCode(...encodeIdentity(leaf));
  const directory = {
    async verify(leaf: LeafIdentity) {
      return equalBytes(known.get(name(leaf)) ?? new Uint8Array(), leaf.signatureKey);
    },
  };
  const engine = createMlsEngine({ directory, clock: systemClock });
  const device = async (number: number) => {
    const made = await engine.createDevice({ userId: id(number), deviceId: id(100_000 + number) });
    known.set(name(made), made.signatureKey);
    const [keyPackage] = await engine.createKeyPackages(made, { suite, count: 1 });
    if (keyPackage === undefined) throw new Error("no key package");
    return { made, keyPackage };
  };
  const [creator, second] = [await device(1), await device(2)];
  const add = [second.keyPackage.public];
  for (let number = 3; number <= devices; number += 1) add.push((await device(number)).keyPackage.public);
  const alone = await engine.createGroup(creator.made, { conversationId: CONVERSATION, suite });
  const { group, output } = await engine.commit(alone, { add });
  const welcome = output.welcome ?? new Uint8Array();
  const options = { conversationId: CONVERSATION, welcome, keyPackage: second.keyPackage };
  const [joinMs, joined] = await timed(() => engine.join(second.made, options));
  const welcomeKilobytes = welcome.length / 1000;
  const newcomer = await device(devices + 1);
  newcomers.set(engine, newcomer.keyPackage.public);
  return { engine, creator: creator.made, group, other: joined.group, welcomeKilobytes, joinMs };
}

/** A device to add that is not in the group, by engine. */
const newcomers = new WeakMap<CryptoEngine, Uint8Array>();

async function measureMessages({ engine, group, other }: World): Promise<Row> {
  let sender = group;
  const messages: Uint8Array[] = [];
  const encryptMs = await measure(40, async () => {
    const step = await engine.encrypt(sender, BODY, TAG);
    sender = step.group;
    messages.push(step.output);
  });
  let receiver = other;
  const next = messages.values();
  const decryptMs = await measure(messages.length, async () => {
    const step = await engine.decrypt(receiver, next.next().value ?? new Uint8Array());
    receiver = step.group;
  });
  let bytes = engine.exportGroup(receiver);
  const saveMs = await measure(5, () => {
    bytes = engine.exportGroup(receiver);
  });
  const loadMs = await measure(5, () => engine.importGroup(bytes));
  return [two(encryptMs), two(decryptMs), two(saveMs), two(loadMs), one(bytes.length / 1000)];
}

async function measureCommits(world: World, devices: number): Promise<Row> {
  const { engine, group, other, creator } = world;
  const newcomer = newcomers.get(engine) ?? new Uint8Array();
  const times = devices >= 100 ? 3 : 10;
  const isFull = group.suite === "x-wing" && devices >= LIMITS.postQuantumDevices;
  const addMs = isFull ? null : await measure(times, () => engine.commit(group, { add: [newcomer] }));
  const updateMs = await measure(times, () => engine.commit(group, {}));
  // Of two devices the only other one would be removed, and nobody would be left to follow.
  const remove = devices > 2 ? [id(100_000 + devices)] : [];
  const [removeMs, removal] = await timed(() => engine.commit(group, { remove }));
  const removeMedian = median([removeMs, await measure(times - 1, () => engine.commit(group, { remove }))]);
  const { commit, change, groupInfo } = removal.output;
  const followMs = await measure(times, () =>
    engine.processCommit(other, { commit, change, sender: creator }),
  );
  return [
    addMs === null ? "–" : one(addMs),
    one(updateMs),
    devices > 2 ? one(removeMedian) : "–",
    one(followMs),
    one(world.joinMs),
    one(commit.length / 1000),
    one(groupInfo.length / 1000),
    one(world.welcomeKilobytes),
  ];
}

const one = (value: number) => (value >= 100 ? count(value) : value.toFixed(1));
const two = (value: number) => (value >= 10 ? one(value) : value.toFixed(2));

const messages: Row[] = [];
const commits: Row[] = [];
for (const { suite, devices } of CASES) {
  const made = await world(suite, devices);
  messages.push([suite, devices, ...(await measureMessages(made))]);
  commits.push([suite, devices, ...(await measureCommits(made, devices))]);
  process.stderr.write(`${suite}, ${devices} devices: done\n`);
}

writeReport("crypto", "End-to-end encryption: cost by group size", [
  "Median times in milliseconds, sizes in kilobytes. Suite `x-wing` is post-quantum and the default up to 100 devices.",
  "## Messages of 300 bytes, and the state saved after each",
  table(["suite", "devices", "encrypt", "decrypt", "save", "load", "state kB"], messages),
  "## Commits, in the epoch after the group's creation",
  table(
    [
      "suite",
      "devices",
      "add one",
      "renew keys",
      "remove one",
      "follow (removal)",
      "join by welcome",
      "commit kB (removal)",
      "group info kB",
      "welcome kB (all)",
    ],
    commits,
  ),
]);
