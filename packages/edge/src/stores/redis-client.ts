import { toHex, utf8 } from "@rempart/kernel";

export interface ScriptCall {
  keys: string[];
  arguments: string[];
}

/**
 * What is used of a client or a cluster of the `redis` package. Make it fail fast while it is not connected
 * (`disableOfflineQueue: true`) and bound its queue (`commandsQueueMaxLength`).
 */
export interface RedisClient {
  evalSha(sha: string, call: ScriptCall): Promise<unknown>;
  eval(script: string, call: ScriptCall): Promise<unknown>;
}

export type Script = (call: ScriptCall) => Promise<unknown>;

/** By its digest; by its text where the server does not know it yet: at first, and after a restart or `SCRIPT FLUSH`. */
export function createScript(client: RedisClient, text: string): Script {
  const digest = sha1(text);
  return async (call) => {
    try {
      return await client.evalSha(await digest, call);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
      return client.eval(text, call);
    }
  };
}

/** The name Redis gives a script, not a safeguard. */
async function sha1(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-1", utf8(text));
  return toHex(new Uint8Array(digest));
}
