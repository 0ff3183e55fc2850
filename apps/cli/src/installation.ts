import { CodedError, explain } from "@rempart/kernel";
import {
  type Installation,
  type MessengerConfig,
  openInstallation,
  readMessengerConfig,
} from "@rempart/messenger-server/operator";
import { silentLogger } from "@rempart/runtime";
import { loadEnvironment } from "./environment.ts";
import { configured } from "./exit.ts";

/** Runs an operator's work under the configuration. Known failures are told in words, and the exit code is 1. */
export async function withConfig(work: (config: MessengerConfig) => Promise<void>): Promise<void> {
  const config = configured(() => readMessengerConfig(loadEnvironment()));
  if (config === null) return;
  try {
    await work(config);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    process.stderr.write(`${explain(error)}\n`);
    process.exitCode = 1;
  }
}

/** The same on the installation's data, also while a server runs on them. */
export function withInstallation(
  work: (installation: Installation, config: MessengerConfig) => Promise<void>,
): Promise<void> {
  return withConfig(async (config) => {
    await using installation = await openInstallation(config, silentLogger);
    await work(installation, config);
  });
}
