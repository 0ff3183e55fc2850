import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Server } from "node:https";
import { createSecureContext, type TlsOptions } from "node:tls";
import { type Clock, explain } from "@rempart/kernel";
import type { Logger } from "@rempart/runtime";
import type { GatewaySettings } from "../config/schema.ts";
import { GatewayError } from "../errors.ts";

type TlsSettings = NonNullable<GatewaySettings["listen"]["tls"]>;

/** A certificate that can be served. */
interface Pair {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number;
}

/** The certificate of a server, read from its files and followed as they change. */
export interface ServedCertificate extends Disposable {
  readonly options: TlsOptions;
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number;
  /**
   * Looks at the files every `watchMs`: their bytes, since links are swapped and clocks differ. A new pair serves from the
   * next handshake on; one that cannot be used leaves the old in place, and is told once.
   */
  follow(server: Server): void;
}

/** Rejects with `invalid-certificate`: unreadable, expired, or a key that is another certificate's. */
export async function openCertificate(
  tls: TlsSettings,
  clock: Clock,
  log: Logger,
): Promise<ServedCertificate> {
  let current = await readPair(tls, clock);
  let complaint = "";
  let timer: NodeJS.Timeout | undefined;
  const look = async (server: Server): Promise<void> => {
    try {
      const found = await readPair(tls, clock);
      complaint = "";
      if (found.cert.equals(current.cert) && found.key.equals(current.key)) return;
      server.setSecureContext(optionsOf(tls, found));
      current = found;
      log.info({ expires: new Date(found.expiresAt).toISOString() }, "certificate replaced");
    } catch (error) {
      if (explain(error) === complaint) return;
      complaint = explain(error);
      log.error({ error: complaint }, "the new certificate is not used: the old one stays");
    }
  };
  return {
    options: { ...optionsOf(tls, current), ALPNProtocols: ["http/1.1"] },
    get expiresAt() {
      return current.expiresAt;
    },
    follow(server) {
      timer = setInterval(() => void look(server), tls.watchMs);
      timer.unref();
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

function optionsOf({ minVersion }: TlsSettings, { cert, key }: Pair) {
  return { cert, key, minVersion };
}

async function readPair(tls: TlsSettings, clock: Clock): Promise<Pair> {
  try {
    const [cert, key] = await Promise.all([readFile(tls.cert), readFile(tls.key)]);
    return checked(cert, key, clock);
  } catch (cause) {
    throw new GatewayError("invalid-certificate", `${tls.cert}, ${tls.key}: ${explain(cause)}`, { cause });
  }
}

function checked(cert: Buffer, key: Buffer, clock: Clock): Pair {
  const leaf = new X509Certificate(cert);
  const expiresAt = leaf.validToDate.getTime();
  if (expiresAt <= clock.now()) throw new TypeError(`expired on ${leaf.validTo}`);
  if (!leaf.checkPrivateKey(createPrivateKey(key))) throw new TypeError("the key is not this certificate's");
  createSecureContext({ cert, key });
  return { cert, key, expiresAt };
}
