import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The paths below `root` that are missing, or say something else than wanted. */
export function differing(root: string, wanted: ReadonlyMap<string, string>): string[] {
  return [...wanted]
    .filter(
      ([path, text]) => !existsSync(join(root, path)) || readFileSync(join(root, path), "utf8") !== text,
    )
    .map(([path]) => path);
}
