/** The messenger as a process of its own, to be killed: configuration from the environment, one line when it serves. */
import { installSignals, run, silentLogger } from "@rempart/runtime";
import { messengerComponent, readMessengerConfig } from "../../src/index.ts";

using signals = installSignals(silentLogger);
await run({
  components: [
    messengerComponent({
      config: readMessengerConfig(process.env),
      log: silentLogger,
      started: ({ publicUrl }) => process.stdout.write(`${publicUrl}\n`),
    }),
  ],
  signal: signals.signal,
});
