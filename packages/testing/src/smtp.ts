import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";

export interface ReceivedMail {
  readonly to: string;
  /** As it came over the wire. */
  readonly raw: string;
}

export interface TestSmtp extends AsyncDisposable {
  readonly url: string;
  readonly received: readonly ReceivedMail[];
  /** From now on each mail is refused for the moment (451), or taken. */
  refuse(on: boolean): void;
  /** Resolves with the first mail to this address that is not taken yet and holds the text, and takes it. */
  next(to: string, holding: string): Promise<ReceivedMail>;
}

const PATIENCE_MS = 10_000;

/** A real SMTP server on loopback. */
export async function startSmtp(): Promise<TestSmtp> {
  const received: ReceivedMail[] = [];
  const taken = new Set<ReceivedMail>();
  let refusing = false;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS", "AUTH"],
    onData(stream, session, done) {
      stream.toArray().then((parts: Buffer[]) => {
        if (refusing) return done(Object.assign(new Error("try again later"), { responseCode: 451 }));
        const raw = Buffer.concat(parts).toString();
        for (const { address } of session.envelope.rcptTo) received.push({ to: address, raw });
        done();
      }, done);
    },
  });
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");
  return {
    url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    received,
    refuse(on) {
      refusing = on;
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

/** The secret of the link named so, out of a mail's quoted-printable text. */
export function linkIn({ raw }: ReceivedMail, name: string): string {
  const text = raw.replaceAll(/=\r?\n/g, "").replaceAll("=3D", "=");
  const [, token] = new RegExp(`#${name}=([A-Za-z0-9_%-]+)`).exec(text) ?? [];
  if (token === undefined) throw new Error(`the mail has no link ${name}`);
  return decodeURIComponent(token);
}
