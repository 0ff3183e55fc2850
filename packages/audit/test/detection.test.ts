import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock, systemRandom } from "@rempart/kernel";
import { createKeyring, localKeyFile } from "@rempart/keys";
import { silentLogger } from "@rempart/runtime";
import { type Audit, createAudit } from "../src/audit.ts";
import { detectorSink, type Responder } from "../src/detection/detector.ts";
import { RULES } from "../src/detection/rules.ts";
import type { AuditRecord } from "../src/reading/record.ts";
import { type Forwarder, startForwarder } from "../src/sinks/forwarder.ts";
import { type TestLog, testLog } from "./log.ts";

function auditOf(log: TestLog): Audit {
  const random = systemRandom;
  const envelopes = createKeyring({
    local: localKeyFile(join(log.directory, "key")),
    clock: systemClock,
    random,
  });
  return createAudit({ database: log.database, envelopes });
}

function detect(log: TestLog, audit: Audit, responder?: Responder): Forwarder {
  const shared = { database: log.database, clock: systemClock, log: silentLogger };
  const sink = detectorSink({
    ...shared,
    record: audit.record,
    rules: RULES,
    ...(responder === undefined ? {} : { responder }),
  });
  return startForwarder({ ...shared, sink, random: systemRandom, everyMs: 3_600_000 });
}

async function failLogins(log: TestLog, audit: Audit, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const resource = { type: "user", id: `u${i % 2}` };
    await audit.record(log.database, {
      type: "auth.login.failed",
      actor: { address: "192.0.2.1" },
      resource,
    });
  }
}

test("a guesser is found, recorded with evidence, answered once, and found again by a process that starts", async () => {
  await using log = await testLog();
  const audit = auditOf(log);
  const sequencer = log.sequencer();
  const done: string[] = [];
  const responder: Responder = {
    async respond(response, { kind, value }) {
      done.push(`${response} ${kind} ${value}`);
    },
    async undo() {},
  };
  const first = detect(log, audit, responder);
  await failLogins(log, audit, 8);
  await sequencer.round();
  await first.drain();
  assert.deepEqual(done, []);
  await first.stop();

  const second = detect(log, audit, responder);
  await failLogins(log, audit, 8);
  await sequencer.round();
  await second.drain();
  await second.stop();
  assert.deepEqual(done, ["ban-address address 192.0.2.1"]);
  const { records } = await audit.query({ types: ["detection.finding"] });
  assert.deepEqual(
    records.map(({ address }) => address),
    ["192.0.2.1"],
  );
  const [finding] = records.map(bodyOf);
  assert.equal(finding?.resource.metadata.rule, "failed-logins-by-address");
  assert.equal(finding?.resource.metadata.evidence.length, 10);
  assert.equal(finding?.security.score, 70);
});

test("processes that take turns see what each other read, and take nothing for lost", async () => {
  await using log = await testLog();
  const audit = auditOf(log);
  const sequencer = log.sequencer();
  const processes = [detect(log, audit), detect(log, audit)];
  for (let turn = 0; turn < 4; turn += 1) {
    await failLogins(log, audit, 3);
    await sequencer.round();
    await processes[turn % 2]?.drain();
  }
  for (const { stop } of processes) await stop();
  const { records } = await audit.query({ types: ["detection.finding"] });
  assert.deepEqual(
    records.map((record) => bodyOf(record).resource.metadata.rule),
    ["failed-logins-by-address"],
  );
});

test("a response that fails leaves the finding", async () => {
  await using log = await testLog();
  const audit = auditOf(log);
  const responder: Responder = {
    respond: () => Promise.reject(new Error("the ban list is away")),
    undo: async () => {},
  };
  const detector = detect(log, audit, responder);
  await failLogins(log, audit, 12);
  await log.sequencer().round();
  await detector.drain();
  await detector.stop();
  const { records } = await audit.query({ types: ["detection.finding"] });
  assert.deepEqual(records.map(responseOf), [null]);
});

interface FindingBody {
  readonly resource: {
    readonly metadata: {
      readonly rule: string;
      readonly evidence: string[];
      readonly response: string | null;
    };
  };
  readonly security: { readonly score: number };
}

function bodyOf({ body }: AuditRecord): FindingBody {
  return body as unknown as FindingBody;
}

function responseOf(record: AuditRecord): string | null {
  return bodyOf(record).resource.metadata.response;
}
