import { messengerVariables, readMessengerConfig } from "@rempart/messenger-server/operator";
import { describeConfig, type Environment, type VariableDescription } from "@rempart/runtime";
import { Command } from "commander";
import { loadEnvironment } from "../environment.ts";
import { configured } from "../exit.ts";
import { table } from "../table.ts";

export function configCommand(): Command {
  return new Command("config")
    .description("print the configuration in effect, secrets hidden, and where each value comes from")
    .action(() => {
      const env = configured(() => {
        const loaded = loadEnvironment();
        readMessengerConfig(loaded);
        return loaded;
      });
      if (env === null) return;
      const rows = describeConfig(messengerVariables).map((variable) => effective(variable, env));
      process.stdout.write(`${table(rows)}\n`);
    });
}

/** Name, value, origin. An empty variable counts as unset. */
function effective(variable: VariableDescription, env: Environment): string[] {
  const given = env[variable.name];
  if (given) return [variable.name, variable.secret ? "[secret]" : given, "environment"];
  if (variable.default !== undefined && variable.default !== "")
    return [variable.name, variable.default, "default"];
  return [variable.name, "–", "unset"];
}
