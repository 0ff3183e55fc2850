import { escapeHtml } from "@rempart/kernel";

/** What a mail says: a subject and paragraphs. A link stands on a line of its own. */
export interface MailText {
  readonly subject: string;
  readonly paragraphs: readonly string[];
  /** What to press, and where it leads. */
  readonly link?: { readonly label: string; readonly url: string };
  /** What follows the link. */
  readonly after?: readonly string[];
}

/** Both forms of a mail. Everything in the HTML is escaped: names and user agents are a stranger's text. */
export function render(text: MailText, language: string): { text: string; html: string } {
  const { paragraphs, link, after = [] } = text;
  const lines = [...paragraphs, ...(link === undefined ? [] : [link.url]), ...after];
  return { text: `${lines.join("\n\n")}\n`, html: page(text, language) };
}

function page({ subject, paragraphs, link, after = [] }: MailText, language: string): string {
  const button =
    link === undefined
      ? ""
      : `<p style="margin:24px 0"><a href="${escapeHtml(link.url)}" style="${BUTTON}">${escapeHtml(link.label)}</a></p>` +
        `<p style="word-break:break-all;color:#64748b;font-size:13px">${escapeHtml(link.url)}</p>`;
  const body = paragraphs.map(paragraph).join("") + button + after.map(paragraph).join("");
  return (
    `<!doctype html><html lang="${escapeHtml(language)}"><head><meta charset="utf-8"><title>${escapeHtml(subject)}</title></head>` +
    `<body style="${BODY}"><h1 style="font-size:20px">${escapeHtml(subject)}</h1>${body}</body></html>`
  );
}

const BODY =
  "font:16px/1.5 system-ui,sans-serif;color:#0f172a;background:#fff;max-width:32em;margin:32px auto;padding:0 16px";
const BUTTON =
  "display:inline-block;padding:12px 20px;border-radius:8px;background:#0f766e;color:#fff;text-decoration:none";

function paragraph(text: string): string {
  return `<p>${escapeHtml(text)}</p>`;
}

const MAX_VALUE = 200;

/** A stranger's text on one line, without what could break it or turn it around. */
export function plain(value: string | undefined): string {
  return (value ?? "")
    .slice(0, MAX_VALUE)
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, " ")
    .trim();
}
