import type { Clock } from "@rempart/kernel";

/** What is used of a KV binding for single values. */
export interface KvRecords {
  get(key: string): Promise<string | null>;
  put(key: string, value: string, options: { expirationTtl: number }): Promise<void>;
  delete(key: string): Promise<void>;
}

export interface KvRecordsOptions {
  readonly namespace: KvRecords;
  /** Start of every key. */
  readonly prefix?: string;
  readonly clock: Clock;
}

/** KV keeps nothing shorter, so every record says itself until when it holds. */
const MIN_TTL_SECONDS = 60;

/** Text under a key until a moment. */
export interface Records {
  get(key: string): Promise<string | null>;
  put(key: string, text: string, seconds: number): Promise<void>;
  delete(key: string): Promise<void>;
}

export function openRecords({ namespace, clock }: KvRecordsOptions, prefix: string): Records {
  return {
    async get(key) {
      const record = await namespace.get(`${prefix}:${key}`);
      const at = record?.indexOf(" ") ?? -1;
      if (record === null || at < 0) return null;
      return clock.now() < Number(record.slice(0, at)) ? record.slice(at + 1) : null;
    },
    put(key, text, seconds) {
      const expirationTtl = Math.max(MIN_TTL_SECONDS, Math.ceil(seconds));
      return namespace.put(`${prefix}:${key}`, `${clock.now() + seconds * 1000} ${text}`, { expirationTtl });
    },
    delete: (key) => namespace.delete(`${prefix}:${key}`),
  };
}
