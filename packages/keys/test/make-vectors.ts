/**
 * Writes `vectors/v1.json`, once per version of the format. Vectors are never rewritten: what an earlier version sealed must
 * open for ever, and `vectors.test.ts` reads every file there is.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, systemRandom, utf8 } from "@rempart/kernel";
import { createKeyring, localKeyFile, type Where } from "../src/index.ts";
import { testProvider } from "./keyring-kit.ts";

const file = new URL("../vectors/v1.json", import.meta.url);
if (existsSync(file)) throw new Error("vectors are never rewritten: name a new file");

const directory = mkdtempSync(join(tmpdir(), "rempart-vectors-"));
const keyFile = join(directory, "keys.json");
const local = localKeyFile(keyFile);
const open = (primary?: ReturnType<typeof testProvider>) =>
  createKeyring({ ...(primary && { primary }), local, clock: systemClock, random: systemRandom });

const where: Where = { table: "users", column: "phone", row: "01900000-0000-7000-8000-000000000001" };
const VALUES = ["", "+33 6 12 34 56 78", "Zoë, 12 rue de l'Église 🛡", "x".repeat(3_000)];
const LENGTHS = [0, 10, 65_537];

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function envelopes(keyring: ReturnType<typeof open>) {
  const rows = VALUES.map((plaintext, index) => ({ plaintext, where: { ...where, row: `row ${index} é` } }));
  return Promise.all(
    rows.map(async (row) => ({ ...row, envelope: await keyring.seal(utf8(row.plaintext), row.where) })),
  );
}

async function streams(keyring: ReturnType<typeof open>) {
  const made = [];
  for (const length of LENGTHS) {
    const sealed: Uint8Array[] = [];
    for await (const part of keyring.sealStream(once(new Uint8Array(length)), where)) sealed.push(part);
    made.push({ zeros: length, where, stream: Buffer.concat(sealed).toString("base64url") });
  }
  return made;
}

const underKms = open(testProvider("kms-of-the-test"));
const alone = open();
const kms = await envelopes(underKms);
const before = await envelopes(alone);
await local.rotate();
const rotated = open();
const valid = [...kms, ...before, ...(await envelopes(rotated))];
const sealed = valid[1] as (typeof valid)[number];
const other = valid[5] as (typeof valid)[number];
const [label = "", head = "", body = ""] = sealed.envelope.split(".");
const flip = (text: string): string => (text.startsWith("A") ? "B" : "A") + text.slice(1);

const invalid = [
  ["another row", { ...sealed.where, row: "row 2 é" }, sealed.envelope],
  ["another column", { ...sealed.where, column: "email" }, sealed.envelope],
  ["another table", { ...sealed.where, table: "admins" }, sealed.envelope],
  ["relabelled as local", sealed.where, sealed.envelope.replace("kms:", "local:")],
  ["another version", sealed.where, sealed.envelope.replace("kms:1", "kms:2")],
  ["the version written otherwise", sealed.where, sealed.envelope.replace("kms:1", "kms:01")],
  ["a changed salt", sealed.where, `${label}.${head}.${flip(body)}`],
  ["a changed commitment", sealed.where, `${label}.${head}.${body.slice(0, 30)}${flip(body.slice(30))}`],
  ["a changed ciphertext", sealed.where, `${label}.${head}.${body.slice(0, 70)}${flip(body.slice(70))}`],
  ["a changed tag", sealed.where, `${label}.${head}.${body.slice(0, -10)}${flip(body.slice(-10))}`],
  [
    "the salt and commitment of another value",
    sealed.where,
    `${label}.${head}.${other.envelope.split(".")[2]?.slice(0, 64)}${body.slice(64)}`,
  ],
  [
    "commitment and ciphertext of another salt",
    sealed.where,
    `${label}.${head}.${kms[2]?.envelope.split(".")[2]?.slice(0, 20)}${body.slice(20)}`,
  ],
  ["a body of less than its fixed parts", sealed.where, `${label}.${head}.${body.slice(0, 80)}`],
  ["a dangling digit", sealed.where, `${sealed.envelope}A`],
  [
    "the alphabet of plain base64",
    sealed.where,
    `${label}.${head}.${body.replaceAll("_", "/").replaceAll("-", "+")}/`,
  ],
  ["a third part", sealed.where, `${sealed.envelope}.${body}`],
  ["cut", sealed.where, sealed.envelope.slice(0, -4)],
  ["padded", sealed.where, `${sealed.envelope}=`],
  ["a line feed", sealed.where, `${sealed.envelope}\n`],
  ["the header of another value", sealed.where, `${label}.${other.envelope.split(".")[1]}.${body}`],
  ["without a header", sealed.where, `${label}..${body}`],
  ["without a body", sealed.where, `${label}.${head}.`],
  ["no envelope", sealed.where, sealed.plaintext],
  ["empty", sealed.where, ""],
] as const;

const text = JSON.stringify(
  {
    keyFile: readFileSync(keyFile, "utf8"),
    valid,
    invalid: invalid.map(([why, place, envelope]) => ({ why, where: place, envelope })),
    streams: await streams(rotated),
  },
  null,
  1,
);
writeFileSync(file, `${text}\n`);
rmSync(directory, { recursive: true });
