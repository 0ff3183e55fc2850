import { escapeHtml } from "@rempart/kernel";
import { visible } from "@rempart/kernel/masking";
import type { Verdict } from "./item.ts";
import type { Checked, WeeklyReport } from "./weekly.ts";

/** One page by itself, to be kept or printed: it loads nothing and runs nothing. */
export function reportHtml({ at, verdict, items }: WeeklyReport): string {
  const when = new Date(at).toISOString();
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Weekly check ${when.slice(0, 10)}: ${verdict}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Weekly check: ${badge(verdict)}</h1>
<p><time datetime="${when}">${minuteText(when)}</time>, ${countsOf(items)}</p>
<table>
<thead><tr><th scope="col">Verdict</th><th scope="col">Item</th><th scope="col">Found</th><th scope="col">Target</th></tr></thead>
<tbody>
${items.map(row).join("\n")}
</tbody>
</table>
</body>
</html>
`;
}

const VERDICTS: readonly Verdict[] = ["fail", "unknown", "warn", "pass"];

/** The gravest first: `1 fail, 7 pass`. */
function countsOf(items: readonly Checked[]): string {
  return VERDICTS.map(
    (verdict) => [items.filter((item) => item.verdict === verdict).length, verdict] as const,
  )
    .filter(([count]) => count > 0)
    .map(([count, verdict]) => `${count} ${verdict}`)
    .join(", ");
}

function minuteText(when: string): string {
  return `${when.slice(0, 16).replace("T", " ")} UTC`;
}

function badge(verdict: Verdict): string {
  return `<span class="verdict ${verdict}">${verdict}</span>`;
}

function row({ verdict, title, figure, target, source, advice, details = [] }: Checked): string {
  const list =
    details.length === 0 ? "" : `<ul>${details.map((detail) => `<li>${text(detail)}</li>`).join("")}</ul>`;
  const more = verdict === "pass" ? "" : `<p>${withCode(advice)}</p>${list}`;
  return `<tr><td>${badge(verdict)}</td><th scope="row">${text(title)}</th><td>${text(figure)}${more}</td><td>${text(target)}<p class="source">${text(source)}</p></td></tr>`;
}

function text(value: string): string {
  return escapeHtml(visible(value));
}

/** What stands between backticks is to be typed. */
function withCode(value: string): string {
  const parts = value.split("`").map(text);
  return parts.map((part, index) => (index % 2 === 1 ? `<code>${part}</code>` : part)).join("");
}

const STYLE = `
:root { font: 1rem/1.5 system-ui, sans-serif; color-scheme: light dark; }
body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-top: 1px solid light-dark(#ccc, #555); padding: 0.75rem 1rem 0.75rem 0; text-align: left; vertical-align: top; overflow-wrap: break-word; }
thead th { border: 0; font-size: 0.875rem; font-weight: normal; }
tbody th { width: 22%; }
td:nth-child(4) { width: 26%; }
td p, td ul { margin: 0.5rem 0 0; }
td ul { padding-left: 1.25rem; }
.source, thead th, time { color: light-dark(#4a4a4a, #c0c0c0); }
.source { font-size: 0.875rem; }
.verdict { border: 1px solid; border-radius: 0.25rem; font-weight: bold; padding: 0 0.5rem; white-space: nowrap; }
.pass { color: light-dark(#116329, #7ee2a8); }
.warn { color: light-dark(#7a4d00, #f0c674); }
.fail { color: light-dark(#a40e26, #ff9a9a); }
.unknown { color: light-dark(#4a4a4a, #c0c0c0); border-style: dashed; }
@media (width < 48rem) {
  thead { display: none; }
  table, tbody, tr, th, td { display: block; }
  tr { border-top: 1px solid light-dark(#ccc, #555); padding: 0.75rem 0; }
  tbody th, tbody td, td:nth-child(4) { border: 0; padding: 0.25rem 0; width: auto; }
  td:nth-child(4)::before { content: "Target: "; font-weight: bold; }
}
@media print { body { margin: 0; max-width: none; } tr { break-inside: avoid; } }
`;
