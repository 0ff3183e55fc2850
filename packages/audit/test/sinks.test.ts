import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock, systemRandom } from "@rempart/kernel";
import { Secret, silentLogger } from "@rempart/runtime";
import { freePort, requireService, until } from "@rempart/testing";
import type { AuditRecord } from "../src/reading/record.ts";
import { type Forwarder, pauseAfter, startForwarder } from "../src/sinks/forwarder.ts";
import { datadogSink, elasticsearchSink, lokiSink, splunkSink } from "../src/sinks/http.ts";
import { fileSink, readableLine, streamSink } from "../src/sinks/lines.ts";
import type { Sink } from "../src/sinks/sink.ts";
import { syslogMessage, syslogSink } from "../src/sinks/syslog.ts";
import { insertEntry, type TestLog, testLog } from "./log.ts";

const RECORD: AuditRecord = {
  id: "0198f0e2-7c1a-7b3e-9f00-123456789abc",
  index: 7,
  type: "auth.login.failed",
  label: "LOGIN_FAILED",
  severity: "notice",
  time: Date.UTC(2026, 10, 21),
  address: "192.0.2.1",
  subject: "u1",
  body: { resource: { id: 'a"]b', type: "user" } },
};

const NEVER = new AbortController().signal;

function forwarder(log: TestLog, sink: Sink): Forwarder {
  return startForwarder({
    database: log.database,
    sink,
    clock: systemClock,
    random: systemRandom,
    log: silentLogger,
    batch: 10,
    writeMs: 500,
    everyMs: 20,
    maxPauseMs: 100,
  });
}

async function placed(log: TestLog, count: number): Promise<string[]> {
  for (let i = 0; i < count; i += 1) await insertEntry(log.database);
  await log.sequencer().round();
  const rows = await log.database.query<{ entry_id: string }>(
    "SELECT entry_id FROM audit_leaves ORDER BY leaf_index",
  );
  return rows.map(({ entry_id }) => entry_id);
}

test("a sink that fails, hangs and comes back gets every entry in order, and holds nobody up", async () => {
  await using log = await testLog();
  const ids = await placed(log, 45);
  const received: string[] = [];
  let mood: "takes" | "refuses" | "hangs" = "refuses";
  let calls = 0;
  const sink: Sink = {
    name: "moody",
    async write(records, signal) {
      calls += 1;
      if (mood === "refuses") throw new Error("not now");
      if (mood === "hangs") await once(signal, "abort").then(() => Promise.reject(signal.reason));
      received.push(...records.map(({ id }) => id));
    },
  };
  const running = forwarder(log, sink);
  await until(() => calls >= 2);
  mood = "hangs";
  await until(() => calls >= 4);
  await insertEntry(log.database);
  mood = "takes";
  await until(() => received.length >= 45);
  await running.stop();
  assert.deepEqual(received.slice(0, 45), ids);
});

test("two processes carry each entry once, and one that is started again goes on where it was", async () => {
  await using log = await testLog();
  const ids = await placed(log, 60);
  const received: string[] = [];
  const sink = (): Sink => ({
    name: "shared",
    async write(records) {
      await sleep(5);
      received.push(...records.map(({ id }) => id));
    },
  });
  const pair = [forwarder(log, sink()), forwarder(log, sink())];
  await until(() => received.length >= 60);
  await Promise.all(pair.map((one) => one.stop()));
  const more = await placed(log, 5);
  const again = forwarder(log, sink());
  await until(() => received.length >= 65);
  await again.stop();
  assert.deepEqual(received, [...ids, ...more.slice(60)]);
});

test("pauses grow with failures, up to a bound, and are spread", () => {
  const limits = { everyMs: 100, maxPauseMs: 5_000 };
  const least = { bytes: (n: number) => new Uint8Array(n) };
  const most = { bytes: (n: number) => new Uint8Array(n).fill(255) };
  assert.equal(pauseAfter(0, { ...limits, random: least }), 100);
  assert.equal(pauseAfter(3, { ...limits, random: least }), 400);
  assert.equal(pauseAfter(3, { ...limits, random: most }), 800);
  assert.equal(pauseAfter(1_000, { ...limits, random: most }), 5_000);
});

test("a file holds one JSON object a line, readable by its owner alone, and a stream is not run over", async () => {
  const directory = await mkdtemp(join(tmpdir(), "rempart-sink-"));
  const path = join(directory, "audit.jsonl");
  const file = fileSink("file", path);
  await file.write([RECORD, RECORD], NEVER);
  await file.close?.();
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).time),
    ["2026-11-21T00:00:00.000Z", "2026-11-21T00:00:00.000Z"],
  );
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  await assert.rejects(fileSink("file", join(directory, "none", "x")).write([RECORD], NEVER), {
    code: "ENOENT",
  });
  await rm(directory, { recursive: true });
  const stream = new PassThrough({ highWaterMark: 10 });
  const writing = streamSink("out", stream).write([RECORD], NEVER);
  let settled = false;
  void writing.then(() => {
    settled = true;
  });
  await sleep(20);
  assert.ok(!settled, "it waits until the stream has drained");
  stream.resume();
  await writing;
  assert.match(readableLine(RECORD), /NOTICE\s+LOGIN_FAILED\s+u1 192\.0\.2\.1/);
});

interface Receiver extends AsyncDisposable {
  readonly url: string;
  readonly requests: { path: string; headers: IncomingMessage["headers"]; body: string }[];
  answer: { status: number; body: string };
}

async function startReceiver(): Promise<Receiver> {
  const requests: Receiver["requests"] = [];
  const receiver = { answer: { status: 200, body: '{"errors":false}' } };
  const server: Server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    requests.push({ path: request.url ?? "", headers: request.headers, body });
    response.writeHead(receiver.answer.status).end(receiver.answer.body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return Object.assign(receiver, {
    requests,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  });
}

test("each receiver gets its own form and its own secret", async () => {
  await using receiver = await startReceiver();
  const { url, requests } = receiver;
  const secret = new Secret("s3cret");
  await lokiSink("loki", { url, job: "audit", tenant: "t", token: secret }).write([RECORD], NEVER);
  await elasticsearchSink("elastic", { url, index: "audit", apiKey: secret }).write([RECORD], NEVER);
  await splunkSink("splunk", { url, token: secret, host: "h" }).write([RECORD, RECORD], NEVER);
  await datadogSink("datadog", { url, apiKey: secret, service: "s", hostname: "h" }).write([RECORD], NEVER);
  assert.deepEqual(
    requests.map(({ path }) => path),
    ["/loki/api/v1/push", "/_bulk", "/services/collector/event", "/api/v2/logs"],
  );
  const [loki, elastic, splunk, datadog] = requests as [
    (typeof requests)[0],
    (typeof requests)[0],
    (typeof requests)[0],
    (typeof requests)[0],
  ];
  assert.equal(loki.headers.authorization, "Bearer s3cret");
  const [stream] = JSON.parse(loki.body).streams;
  assert.deepEqual(stream.stream, {
    event_type: "LOGIN_FAILED",
    job: "audit",
    retention: "audit",
    severity: "notice",
  });
  assert.equal(stream.values[0][0], `${RECORD.time}000000`);
  assert.deepEqual(JSON.parse(elastic.body.split("\n")[0] as string), {
    index: { _id: RECORD.id, _index: "audit" },
  });
  assert.equal(splunk.headers.authorization, "Splunk s3cret");
  assert.equal(splunk.body.split("\n").length, 2);
  assert.equal(datadog.headers["dd-api-key"], "s3cret");
  assert.equal(JSON.parse(datadog.body)[0].audit.id, RECORD.id);
});

test("an answer that is not a success is a failure, also a 200 that refuses documents", async () => {
  await using receiver = await startReceiver();
  const sink = elasticsearchSink("elastic", { url: receiver.url, index: "audit" });
  for (const answer of [
    { status: 429, body: "slow down" },
    { status: 500, body: "" },
    { status: 302, body: "" },
    { status: 200, body: '{"errors":true}' },
    { status: 200, body: "<html>" },
  ]) {
    receiver.answer = answer;
    await assert.rejects(sink.write([RECORD], NEVER), Error, JSON.stringify(answer));
  }
  receiver.answer = { status: 200, body: '{"errors":false}' };
  await sink.write([RECORD], NEVER);
});

test("a syslog message has the form of RFC 5424, whatever is in the entry", () => {
  const message = syslogMessage(RECORD, { hostname: "host one", appName: "rem part" });
  assert.match(message, /^<109>1 2026-11-21T00:00:00\.000Z hostone rempart - LOGIN_FAILED \[audit@32473 /);
  const hostile = { ...RECORD, type: 'a"]\\', label: "A\nB" };
  assert.ok(syslogMessage(hostile, { hostname: "h", appName: "a" }).includes('type="a\\"\\]\\\\"'));
});

const rsyslog = await requireService("rsyslogd");

async function startRsyslog(directory: string, port: number): Promise<ChildProcess> {
  const config = join(directory, "rsyslog.conf");
  const file = join(directory, "received");
  await writeFile(
    config,
    `module(load="imtcp")
input(type="imtcp" port="${port}" address="127.0.0.1")
template(name="whole" type="string" string="%syslogseverity% %app-name% %msgid% %structured-data% %msg%\\n")
*.* action(type="omfile" file="${file}" template="whole")
`,
  );
  const args = ["-n", "-f", config, "-i", join(directory, "pid")];
  const child = spawn(rsyslog.path as string, args, { stdio: "ignore" });
  await until(async () => {
    const socket = connect(port, "127.0.0.1");
    const open = await Promise.race([
      once(socket, "connect").then(
        () => true,
        () => false,
      ),
      sleep(200).then(() => false),
    ]);
    socket.destroy();
    return open;
  });
  return child;
}

test("a real syslog daemon takes the log, is killed, and gets the rest when it is back", {
  skip: rsyslog.skip,
}, async () => {
  await using log = await testLog();
  const directory = await mkdtemp(join(tmpdir(), "rempart-rsyslog-"));
  const port = await freePort();
  let daemon = await startRsyslog(directory, port);
  const received = async () => readFile(join(directory, "received"), "utf8").catch(() => "");
  const options = { host: "127.0.0.1", port, tls: false, hostname: "h", appName: "rempart" };
  const running = forwarder(log, syslogSink("syslog", options));
  try {
    const first = await placed(log, 12);
    await until(async () => (await received()).includes(first[11] as string));
    daemon.kill("SIGKILL");
    await once(daemon, "exit");
    const all = await placed(log, 12);
    await sleep(200);
    await rm(join(directory, "pid"), { force: true });
    daemon = await startRsyslog(directory, port);
    await until(async () => {
      const text = await received();
      return all.every((id) => text.includes(id));
    });
    assert.match(await received(), /^5 rempart TEST\.HAPPENED \[audit@32473 id=/m);
  } finally {
    await running.stop();
    daemon.kill("SIGKILL");
    await rm(directory, { recursive: true, force: true });
  }
});
