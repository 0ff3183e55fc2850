import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { startProgram } from "./child.ts";
import { freePort } from "./ports.ts";
import { requireService, type ServiceName } from "./services.ts";

export interface TestMonitor extends AsyncDisposable {
  /** Without a slash at its end. */
  readonly url: string;
  /** `host:port`. */
  readonly address: string;
}

type Files = Readonly<Record<string, string>>;

/** A Prometheus of one's own. `files` are its `prometheus.yml` and what that names; without them it scrapes nothing. */
export function startPrometheus(files: Files = { "prometheus.yml": "global: {}\n" }): Promise<TestMonitor> {
  return start("prometheus", files, (directory, address) => [
    `--config.file=${join(directory, "prometheus.yml")}`,
    `--storage.tsdb.path=${join(directory, "data")}`,
    `--web.listen-address=${address}`,
    "--web.enable-remote-write-receiver",
    "--enable-feature=exemplar-storage",
    "--rules.alert.resend-delay=1s",
  ]);
}

/** An Alertmanager of one's own, alone. `files` are its `alertmanager.yml` and what that names. */
export function startAlertmanager(files: Files): Promise<TestMonitor> {
  return start("prometheus-alertmanager", files, (directory, address) => [
    `--config.file=${join(directory, "alertmanager.yml")}`,
    `--storage.path=${join(directory, "data")}`,
    `--web.listen-address=${address}`,
    "--cluster.listen-address=",
  ]);
}

async function start(
  name: ServiceName,
  files: Files,
  argumentsFor: (directory: string, address: string) => readonly string[],
): Promise<TestMonitor> {
  const { path, skip } = await requireService(name);
  if (path === undefined) throw new Error(skip);
  const directory = await mkdtemp(join(tmpdir(), `rempart-${name}-`));
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, file)), { recursive: true });
    await writeFile(join(directory, file), text);
  }
  const address = `127.0.0.1:${await freePort()}`;
  const url = `http://${address}`;
  const program = await startProgram(path, argumentsFor(directory, address), `${url}/-/ready`);
  return {
    url,
    address,
    async [Symbol.asyncDispose]() {
      await program.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
