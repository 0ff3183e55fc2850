import { escapeHtml } from "@rempart/kernel";
import { visible } from "@rempart/kernel/masking";
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
<h1>Weekly check <span class="${verdict}">${verdict}</span></h1>
<p><time datetime="${when}">${when}</time></p>
<table>
<thead><tr><th scope="col">Verdict</th><th scope="col">Item</th><th scope="col">Found</th><th scope="col">Target</th><th scope="col">Source</th></tr></thead>
<tbody>
${items.map(row).join("\n")}
</tbody>
</table>
</body>
</html>
`;
}

function row({ verdict, title, figure, target, source, advice, details = [] }: Checked): string {
  const list =
    details.length === 0 ? "" : `<ul>${details.map((detail) => `<li>${text(detail)}</li>`).join("")}</ul>`;
  const more = verdict === "pass" ? "" : `<p>${text(advice)}</p>${list}`;
  return `<tr><td class="${verdict}">${verdict}</td><th scope="row">${text(title)}</th><td>${text(figure)}${more}</td><td>${text(target)}</td><td>${text(source)}</td></tr>`;
}

function text(value: string): string {
  return escapeHtml(visible(value));
}

const STYLE = `
:root { font: 1rem/1.5 system-ui, sans-serif; color-scheme: light dark; }
body { margin: 2rem auto; max-width: 80rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid light-dark(#ccc, #555); padding: 0.5rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
.pass { color: light-dark(#116329, #7ee2a8); }
.warn { color: light-dark(#7a4d00, #f0c674); }
.fail { color: light-dark(#a40e26, #ff9a9a); font-weight: bold; }
.unknown { color: light-dark(#4a4a4a, #c0c0c0); font-style: italic; }
@media print { body { margin: 0; max-width: none; } tr { break-inside: avoid; } }
`;
