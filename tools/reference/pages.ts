import { messengerVariables } from "@rempart/messenger-server";
import { describeConfig } from "@rempart/runtime";
import { configurationPage, environmentExample } from "./configuration.ts";
import { errorsPage } from "./errors.ts";

/** Every generated page: its path and its text. */
export function pages(root: string): Map<string, string> {
  const variables = describeConfig(messengerVariables);
  return new Map([
    [".env.example", environmentExample(variables)],
    ["docs/reference/configuration.md", configurationPage(variables)],
    ["docs/reference/errors.md", errorsPage(root)],
  ]);
}
