import type { ObjectStore } from "../ports.ts";

export const CHECKPOINT_PATH = "checkpoint";

/**
 * The files of one log among those of an installation: the first log's stand at the top, those of its continuations in
 * folders of their number, as their origins say.
 */
export function logObjects(objects: ObjectStore, generation: number): ObjectStore {
  if (generation === 1) return objects;
  const below = (path: string): string => `${generation}/${path}`;
  return {
    put: (path, content) => objects.put(below(path), content),
    replace: (path, content, expected) => objects.replace(below(path), content, expected),
    get: (path) => objects.get(below(path)),
    removeBelow: (folder) => objects.removeBelow(below(folder)),
  };
}
