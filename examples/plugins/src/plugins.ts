/** Plugins in memory: of one process on Node, of one instance on Workers. */

export interface Plugin {
  readonly id: string;
  readonly name: string;
  readonly version: string;
}

export interface Registry {
  list(): Plugin[];
  get(id: string): Plugin | null;
  /** False when there is no room for another one. */
  put(plugin: Plugin): boolean;
  /** Whether it was there. */
  delete(id: string): boolean;
}

/** What is wrong with a field, as a JSON Pointer (RFC 6901) and a sentence. */
export interface Invalid {
  readonly pointer: string;
  readonly message: string;
}

const MAX_PLUGINS = 1000;
const MAX_NAME = 100;
const ID = /^[a-z][a-z0-9-]{0,63}$/;
/** Semantic Versioning 2.0.0 without build metadata. */
const VERSION = /^\d{1,6}\.\d{1,6}\.\d{1,6}(?:-[0-9A-Za-z.-]{1,32})?$/;

export function createRegistry(): Registry {
  const plugins = new Map<string, Plugin>();
  return {
    list: () => [...plugins.values()],
    get: (id) => plugins.get(id) ?? null,
    put(plugin) {
      if (!plugins.has(plugin.id) && plugins.size >= MAX_PLUGINS) return false;
      plugins.set(plugin.id, plugin);
      return true;
    },
    delete: (id) => plugins.delete(id),
  };
}

export function isPluginId(id: string): boolean {
  return ID.test(id);
}

/** A plugin out of a body, or everything that is wrong with it. */
export function readPlugin(id: string, body: unknown): Plugin | Invalid[] {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    return [{ pointer: "", message: "expects an object" }];
  }
  const { name, version, ...others } = body as Record<string, unknown>;
  const errors: Invalid[] = Object.keys(others).map((key) => ({
    pointer: `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`,
    message: "is not known",
  }));
  if (typeof name !== "string" || name.trim() === "" || name.length > MAX_NAME) {
    errors.push({ pointer: "/name", message: `expects 1 to ${MAX_NAME} characters` });
  }
  if (typeof version !== "string" || !VERSION.test(version)) {
    errors.push({ pointer: "/version", message: "expects a version such as 1.2.3" });
  }
  return errors.length > 0 ? errors : { id, name: String(name).trim(), version: String(version) };
}
