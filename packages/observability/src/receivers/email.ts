import { hash } from "node:crypto";
import type { Secret } from "@rempart/runtime";
import type { SMTPTransportOptions } from "nodemailer";
import type { Notification } from "../alerting/notification.ts";
import { isLoopback } from "./address.ts";
import { mailPage } from "./mail-page.ts";
import type { Delivery, Receiver } from "./receiver.ts";
import { renderNotification } from "./rendering/render.ts";
import { cut } from "./rendering/text.ts";
import type { Wording } from "./rendering/wording.ts";

export interface EmailOptions {
  readonly to: readonly string[];
  /** As `Name <mailbox@host>`. */
  readonly from: string;
  readonly server: SMTPTransportOptions;
  readonly wording: Wording;
}

const SILENCE_MS = 10_000;
/** RFC 5322, 2.1.1: a line of a header has at most 998 characters; a subject that is read has far fewer. */
const MAX_SUBJECT = 200;
const MAX_ANSWER_BYTES = 65_536;

/** Of `smtp:` or `smtps:`. Null for what is no server's URL, or asks for more than a host, a port and credentials. */
export function smtpOptions(server: Secret): SMTPTransportOptions | null {
  const url = URL.parse(server.reveal());
  if (url === null || !/^smtps?:$/.test(url.protocol) || url.hostname === "" || url.search !== "")
    return null;
  const secure = url.protocol === "smtps:";
  const auth = { user: decoded(url.username), pass: decoded(url.password) };
  if (auth.user === null || auth.pass === null) return null;
  const signsIn = auth.user !== "";
  return {
    host: url.hostname.replaceAll(/[[\]]/g, ""),
    port: url.port === "" ? (secure ? 465 : 587) : Number(url.port),
    secure,
    // A password does not leave this machine in the clear, whatever the server says that it cannot do.
    requireTLS: signsIn && !secure && !isLoopback(url.hostname),
    ...(signsIn ? { auth: { user: auth.user, pass: auth.pass } } : {}),
    connectionTimeout: SILENCE_MS,
    greetingTimeout: SILENCE_MS,
    dnsTimeout: SILENCE_MS,
    socketTimeout: SILENCE_MS,
    socketCloseTimeout: 0,
    maxResponseSize: MAX_ANSWER_BYTES,
    // A mail is made of texts: nothing in it may name a file or an address to be fetched.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** A mail over SMTP. It is accepted when the server takes it for one of the mailboxes. */
export function email(name: string, { to, from, server, wording }: EmailOptions): Receiver {
  return {
    name,
    async send(notification, signal) {
      const mail = { from, to: to.map((address) => ({ name: "", address })), signal };
      try {
        // Who only names receivers, as every command does, does not load it.
        const { createTransport } = await import("nodemailer");
        await createTransport(server).sendMail({ ...mail, ...contentOf(notification, wording) });
        return { kind: "accepted" };
      } catch (error) {
        return signal.aborted ? { kind: "retry", reason: "no answer in time" } : judgeError(error);
      }
    },
  };
}

function contentOf(notification: Notification, wording: Wording) {
  const rendered = renderNotification(notification, wording);
  return {
    subject: cut(rendered.title, MAX_SUBJECT),
    text: rendered.text,
    html: mailPage(rendered, wording.language),
    // The same at every try: a server that has it already may drop the double.
    messageId: `<${hash("sha256", notification.id)}@rempart>`,
    // What is said about one group stands together.
    references: `<${hash("sha256", notification.groupKey)}@rempart>`,
    headers: { "Auto-Submitted": "auto-generated", "Content-Language": wording.language },
  };
}

/** A server's text is not repeated: it may hold what was said to it. */
function judgeError(error: unknown): Delivery {
  const { code, responseCode } = error as { readonly code?: unknown; readonly responseCode?: unknown };
  if (typeof responseCode === "number") {
    const reason = `SMTP ${responseCode}`;
    // 503: the session, not the mail, was wrong (RFC 5321, 4.2.2).
    const final = responseCode >= 500 && responseCode !== 503;
    return { kind: final ? "refused" : "retry", reason };
  }
  const word = typeof code === "string" && /^E[A-Z0-9]{2,30}$/.test(code) ? ` (${code})` : "";
  return { kind: code === "EENVELOPE" ? "refused" : "retry", reason: `not delivered${word}` };
}
