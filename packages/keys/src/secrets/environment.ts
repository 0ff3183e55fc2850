import { type Environment, Secret } from "@rempart/runtime";
import { KeysError } from "../errors.ts";
import type { SecretProvider } from "./ports.ts";

/** A secret's name is its variable's. An empty variable counts as unset, as everywhere in the configuration. */
export function environmentSecrets(env: Environment): SecretProvider {
  return {
    name: "environment",
    async read(name) {
      const text = Object.hasOwn(env, name) ? env[name] : undefined;
      if (!text) throw new KeysError("secret-missing", `variable ${name} is not set`);
      return new Secret(text);
    },
  };
}
