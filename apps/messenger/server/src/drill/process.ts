/** What the messenger starts for a drill: the same configuration, read again from the environment. Nothing is logged here. */
import { answerDrill, builtInEngine } from "@rempart/database/backup";
import { systemClock, systemRandom } from "@rempart/kernel";
import { silentLogger } from "@rempart/runtime";
import { readMessengerConfig } from "../config.ts";
import { openKeyring } from "../storage/keyring.ts";
import { otherEngine } from "../storage/other-engines.ts";
import { openRepository } from "../storage/repository.ts";
import { drillMessenger } from "./drills.ts";

await answerDrill(async (asked) => {
  const config = readMessengerConfig(process.env);
  const { engine: name, repository: place } = config.backup;
  if (place === null) throw new TypeError("there are no backups to drill");
  const repository = openRepository(place);
  const ports = { clock: systemClock, random: systemRandom, log: silentLogger };
  const keyring = openKeyring(config.keys, ports);
  try {
    await using other = name === "built-in" ? null : await otherEngine(config, silentLogger, { name });
    const engine = other?.engine ?? builtInEngine({ repository, sealing: keyring });
    return await drillMessenger(config, { repository, keyring, engine }, asked);
  } finally {
    await keyring.close();
  }
});
