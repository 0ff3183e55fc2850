import { escapeHtml } from "@rempart/kernel";
import type { Link, RenderedAlert } from "./rendering/alert.ts";
import type { RenderedNotification } from "./rendering/render.ts";

const BODY =
  "font:16px/1.5 system-ui,sans-serif;color:#0f172a;background:#fff;max-width:44em;margin:32px auto;padding:0 16px";
const WORD = "text-align:left;vertical-align:top;padding:2px 16px 2px 0;color:#64748b;font-weight:400";
const VALUE = "padding:2px 0;word-break:break-word";

/** A mail's HTML. All of it is escaped; it fetches nothing. */
export function mailPage(rendered: RenderedNotification, language: string): string {
  const { title, lead, alerts, more, console } = rendered;
  const body = [
    `<h1 style="font-size:20px">${escapeHtml(title)}</h1>`,
    paragraph(lead),
    ...alerts.map(alertPart),
    ...(more === null ? [] : [paragraph(more)]),
    ...(console === null ? [] : [`<p>${anchor(console)}</p>`]),
  ];
  return (
    `<!doctype html><html lang="${escapeHtml(language)}"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title></head>` +
    `<body style="${BODY}">${body.join("")}</body></html>`
  );
}

function alertPart({ title, facts, runbook }: RenderedAlert): string {
  const rows = facts.map(
    ([word, value]) =>
      `<tr><th scope="row" style="${WORD}">${escapeHtml(word)}</th><td style="${VALUE}">${escapeHtml(value)}</td></tr>`,
  );
  const link = runbook === null ? "" : `<p>${anchor(runbook)}</p>`;
  return `<h2 style="font-size:16px">${escapeHtml(title)}</h2><table>${rows.join("")}</table>${link}`;
}

function paragraph(text: string): string {
  return `<p>${escapeHtml(text)}</p>`;
}

function anchor({ label, url }: Link): string {
  return `<a href="${escapeHtml(url)}">${escapeHtml(label)}</a>`;
}
