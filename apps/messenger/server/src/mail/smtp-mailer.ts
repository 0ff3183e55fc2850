import type { Mail, Mailer } from "@rempart/identity";
import { createTransport } from "nodemailer";
import type { MailConfig } from "../config.ts";
import type { PublicAddress } from "../public-address.ts";
import { english } from "./english.ts";
import { french } from "./french.ts";
import { linksOf } from "./links.ts";
import { type MailText, plain, render } from "./text.ts";

const CONNECT_MS = 10_000;
const SILENCE_MS = 20_000;

/** Mails over SMTP, with TLS wherever the server offers it. `close` ends idle connections. */
export function smtpMailer(config: MailConfig, address: PublicAddress): Mailer & { close(): void } {
  const transport = createTransport({
    url: config.url.reveal(),
    pool: true,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
    // A mail is made of our own words: nothing in it may name a file or an address to be fetched.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async send(mail) {
      const text = wordingOf(mail, address.origin);
      await transport.sendMail({
        from: config.from,
        to: { name: "", address: mail.to },
        subject: text.subject,
        // The same at every try: a server that has it already may drop the double.
        messageId: `<${mail.id}@${address.hostname}>`,
        headers: { "Auto-Submitted": "auto-generated", "Content-Language": languageOf(mail) },
        ...render(text, languageOf(mail)),
      });
    },
    close: () => transport.close(),
  };
}

function languageOf({ language }: Mail): "en" | "fr" {
  return language.toLowerCase().startsWith("fr") ? "fr" : "en";
}

/** Exported for the test that reads every mail in every language. */
export function wordingOf(mail: Mail, origin: string): MailText {
  const wording = languageOf(mail) === "fr" ? french : english;
  const values = Object.fromEntries(Object.entries(mail.values).map(([name, value]) => [name, plain(value)]));
  return wording[mail.kind](values, linksOf(origin));
}
