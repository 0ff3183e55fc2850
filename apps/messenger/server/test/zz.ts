import { readdirSync, readFileSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { createLogger, readMessengerConfig, startMessenger } from "../src/index.ts";
import { Person } from "./support/person.ts";

const dir = "/tmp/zzpk";
rmSync(dir, { recursive: true, force: true });
const m = await startMessenger({
  config: readMessengerConfig({ DATA_DIRECTORY: dir, PORT: "0", ADMIN_PORT: "0", RATE_LIMIT_MESSAGES_MAX: "1000000" }),
  log: createLogger("warn"),
});
const a = await Person.arrive(m.publicUrl, "a");
const b = await Person.arrive(m.publicUrl, "b");
const c = await a.converse([b]);
const s = await a.connect();
let n = 0;
let stop = false;
const loop = (async () => {
  while (!stop) {
    const msg = await a.encrypt(c, "x");
    const _t = Date.now();
    s.send({ t: "send", conversationId: c, ...msg });
    const r = await Promise.race([
      s.next("ack", (f) => f.id === msg.id),
      s.next("nack", (f) => f.id === msg.id),
      sleep(5000).then(() => null),
    ]);
    n++;
    if (!r || r.t === "nack") {
      console.log(
        n,
        r,
        s.ws.readyState,
        s.frames.map((f) => f.t),
      );
      await sleep(100);
    }
  }
})();
await sleep(400);
const f = readdirSync(dir, { recursive: true })
  .map(String)
  .find((x) => x.endsWith("postmaster.pid"))!;
console.log("kill", n);
process.kill(Number.parseInt(readFileSync(`${dir}/${f}`, "utf8"), 10), "SIGKILL");
await sleep(4000);
console.log("n", n);
stop = true;
await loop;
s.close();
await m.stop();
