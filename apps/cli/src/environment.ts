import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { explain } from "@rempart/kernel";
import { type Environment, RuntimeError } from "@rempart/runtime";

/**
 * The environment of this process, completed by the `.env` of the working directory: what the environment says already wins.
 * Throws `invalid-configuration` when the file is there and cannot be read.
 */
export function loadEnvironment(path = resolve(".env")): Environment {
  if (!existsSync(path)) return process.env;
  try {
    process.loadEnvFile(path);
  } catch (cause) {
    throw new RuntimeError("invalid-configuration", `${path} cannot be read: ${explain(cause)}`);
  }
  return process.env;
}
