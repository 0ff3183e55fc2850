import { CodedError, explain } from "@rempart/kernel";
import {
  type Installation,
  type MessengerConfig,
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

/** The same on the installation's data, also while a server runs on them. What it is made of is loaded for who needs it. */
export function withInstallation(
  work: (installation: Installation, config: MessengerConfig) => Promise<void>,
): Promise<void> {
  return withConfig(async (config) => {
    const { openInstallation } = await import("@rempart/messenger-server/installation");
    await using installation = await openInstallation(config, silentLogger);
    await work(installation, config);
  });
}
