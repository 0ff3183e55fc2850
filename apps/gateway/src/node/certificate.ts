import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Server } from "node:https";
import { createSecureContext } from "node:tls";
import { type Clock, explain } from "@rempart/kernel";
import type { Logger } from "@rempart/runtime";
import type { GatewaySettings } from "../config/schema.ts";
import { GatewayError } from "../errors.ts";

export type TlsSettings = NonNullable<GatewaySettings["listen"]["tls"]>;

export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number;
}

/** Throws `invalid-certificate`: unreadable, expired, or a key that is another certificate's. */
export async function readCertificate(tls: TlsSettings, clock: Clock): Promise<Certificate> {
  try {
    const [cert, key] = await Promise.all([readFile(tls.cert), readFile(tls.key)]);
    return checked(cert, key, clock);
  } catch (cause) {
    throw new GatewayError("invalid-certificate", `${tls.cert}, ${tls.key}: ${explain(cause)}`, { cause });
  }
}

function checked(cert: Buffer, key: Buffer, clock: Clock): Certificate {
  const leaf = new X509Certificate(cert);
  const expiresAt = leaf.validToDate.getTime();
  if (expiresAt <= clock.now()) throw new TypeError(`expired on ${leaf.validTo}`);
  if (!leaf.checkPrivateKey(createPrivateKey(key))) throw new TypeError("the key is not this certificate's");
  createSecureContext({ cert, key });
  return { cert, key, expiresAt };
}

/** The certificate of a server, followed as its files change. */
interface CertificateWatch extends Disposable {
  readonly expiresAt: number;
}

/**
 * Looks at the files every `watchMs`: their bytes, since links are swapped and clocks differ. A new pair serves from the
 * next handshake on; one that cannot be used leaves the old in place, and is told once.
 */
export function watchCertificate(
  server: Server,
  tls: TlsSettings,
  first: Certificate,
  clock: Clock,
  log: Logger,
): CertificateWatch {
  let current = first;
  let complaint = "";
  const look = async (): Promise<void> => {
    try {
      const found = await readCertificate(tls, clock);
      complaint = "";
      if (found.cert.equals(current.cert) && found.key.equals(current.key)) return;
      server.setSecureContext({ cert: found.cert, key: found.key, minVersion: tls.minVersion });
      current = found;
      log.info({ expires: new Date(found.expiresAt).toISOString() }, "certificate replaced");
    } catch (error) {
      if (explain(error) === complaint) return;
      complaint = explain(error);
      log.error({ error: complaint }, "the new certificate is not used: the old one stays");
    }
  };
  const timer = setInterval(() => void look(), tls.watchMs);
  timer.unref();
  return {
    get expiresAt() {
      return current.expiresAt;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
