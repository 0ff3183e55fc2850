import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import type { TestCertificate } from "./certificate.ts";

export interface ReceivedMail {
  readonly to: string;
  /** As it came over the wire. */
  readonly raw: string;
}

export interface TestSmtp extends AsyncDisposable {
  readonly url: string;
  readonly received: readonly ReceivedMail[];
  /** From now on each mail is refused, for the moment unless another code is given, or taken. */
  refuse(on: boolean, code?: number): void;
  /** Resolves with the first mail to this address that is not taken yet and holds the text, and takes it. */
  next(to: string, holding: string): Promise<ReceivedMail>;
}

const PATIENCE_MS = 60_000;

export interface TestSmtpOptions {
  /** It speaks TLS from the first byte then. */
  readonly certificate?: TestCertificate;
  /** Who may send; unless told, everybody. */
  readonly login?: { readonly user: string; readonly password: string };
}

/** A real SMTP server on loopback. */
export async function startSmtp(options: TestSmtpOptions = {}): Promise<TestSmtp> {
  const received: ReceivedMail[] = [];
  const taken = new Set<ReceivedMail>();
  let refusing: number | null = null;
  const server = new SMTPServer({
    ...security(options),
    onData(stream, session, done) {
      stream.toArray().then((parts: Buffer[]) => {
        if (refusing !== null) return done(Object.assign(new Error("not now"), { responseCode: refusing }));
        const raw = Buffer.concat(parts).toString();
        for (const { address } of session.envelope.rcptTo) received.push({ to: address, raw });
        done();
      }, done);
    },
  });
  // A client that ends the handshake, as one that does not trust the certificate should, is no failure of the server.
  server.on("error", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");
  return {
    url: `${options.certificate === undefined ? "smtp" : "smtps"}://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    received,
    refuse(on, code = 451) {
      refusing = on ? code : null;
    },
    async next(to, holding) {
      const deadline = Date.now() + PATIENCE_MS;
      for (;;) {
        const found = received.find(
          (mail) => !taken.has(mail) && mail.to === to && mail.raw.includes(holding),
        );
        if (found !== undefined) {
          taken.add(found);
          return found;
        }
        if (Date.now() > deadline) throw new Error(`no mail to ${to} that holds ${holding}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async [Symbol.asyncDispose]() {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      await promise;
    },
  };
}

function security({ certificate, login }: TestSmtpOptions): SMTPServerOptions {
  const tls =
    certificate === undefined
      ? {}
      : { secure: true, cert: certificate.certificate, key: certificate.key, logger: false };
  if (login === undefined) return { ...tls, authOptional: true, disabledCommands: ["STARTTLS", "AUTH"] };
  return {
    ...tls,
    disabledCommands: ["STARTTLS"],
    allowInsecureAuth: true,
    onAuth({ username, password }, _, done) {
      const known = username === login.user && password === login.password;
      if (known) return done(null, { user: username });
      done(Object.assign(new Error(`no ${password}`), { responseCode: 535 }));
    },
  };
}

/** The secret of the link named so, out of a mail's quoted-printable text. */
export function linkIn({ raw }: ReceivedMail, name: string): string {
  const text = raw.replaceAll(/=\r?\n/g, "").replaceAll("=3D", "=");
  const [, token] = new RegExp(`#${name}=([A-Za-z0-9_%-]+)`).exec(text) ?? [];
  if (token === undefined) throw new Error(`the mail has no link ${name}`);
  return decodeURIComponent(token);
}
