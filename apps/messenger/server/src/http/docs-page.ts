import { escapeHtml } from "@rempart/kernel";
import type { OpenApiDocument, Operation } from "./openapi.ts";

/** The API's description as one page without a script. */
export function docsPage(document: OpenApiDocument): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const byTag = Map.groupBy(operations, ({ operation }) => operation.tags[0] ?? "");
  const tags = [...byTag.keys()];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(document.info.title)} API</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>${escapeHtml(document.info.title)} <small>${escapeHtml(document.info.version)}</small></h1>
<p>${escapeHtml(document.info.description)}</p>
<p><a href="/api/openapi.json">openapi.json</a></p>
</header>
<nav aria-label="Sections"><ul>${tags.map((tag) => `<li><a href="#${tag}">${tag}</a></li>`).join("")}</ul></nav>
<main>
${tags.map((tag) => section(tag, byTag.get(tag) ?? [])).join("\n")}
</main>
</body>
</html>
`;
}

interface Listed {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}

function section(tag: string, listed: readonly Listed[]): string {
  return `<section id="${tag}"><h2>${tag}</h2>${listed.map(article).join("\n")}</section>`;
}

function article({ path, method, operation }: Listed): string {
  const { parameters = [], requestBody, responses, security } = operation;
  const rows = parameters.map(
    ({ name, in: place, required, schema }) =>
      `<tr><th scope="row"><code>${escapeHtml(name)}</code></th><td>${place}${required ? "" : ", optional"}</td><td>${code(schema)}</td></tr>`,
  );
  return `<article id="${operation.operationId}">
<h3><span class="method ${method}">${method.toUpperCase()}</span> <code>${escapeHtml(path)}</code></h3>
<p>${escapeHtml(operation.summary)}.${security.length === 0 ? " Needs no session." : ""}</p>
${rows.length === 0 ? "" : `<table><caption>Parameters</caption>${rows.join("")}</table>`}
${requestBody === undefined ? "" : details("Request body", requestBody.content)}
${Object.entries(responses)
  .map(([status, { description, content }]) =>
    status < "300" ? details(`${status} answer`, content) : refusal(status, description),
  )
  .join("\n")}
</article>`;
}

function refusal(status: string, description: string): string {
  const text = escapeHtml(description).replaceAll(/`([^`]+)`/g, "<code>$1</code>");
  return `<p class="refusal"><strong>${status}</strong> ${text}</p>`;
}

function details(title: string, content: Operation["responses"][string]["content"]): string {
  const schema = content?.["application/json"]?.schema;
  if (schema === undefined) return `<p><strong>${escapeHtml(title)}</strong> without a body</p>`;
  return `<details><summary>${escapeHtml(title)}</summary>${code(schema, 2)}</details>`;
}

function code(value: unknown, indent?: number): string {
  const text = escapeHtml(JSON.stringify(value, null, indent));
  return indent === undefined ? `<code>${text}</code>` : `<pre tabindex="0">${text}</pre>`;
}

const STYLE = `
:root{--ink:#1c1f26;--soft:#565d6b;--paper:#fbfaf7;--line:#dcd9d0;--accent:#2f5d50;--code:#f1efe8}
@media(prefers-color-scheme:dark){:root{--ink:#e8e6df;--soft:#a5abb8;--paper:#16181d;--line:#31353e;--accent:#8cc4b2;--code:#1f2229}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:2rem 1.25rem 6rem;background:var(--paper);color:var(--ink);font:16px/1.6 system-ui,sans-serif}
h1{font-size:1.75rem;margin:0}h1 small{color:var(--soft);font-weight:400;font-size:1rem}
h2{margin:3rem 0 1rem;text-transform:capitalize;border-bottom:1px solid var(--line);padding-bottom:.25rem}
h3{font-size:1rem;margin:0;overflow-wrap:anywhere}
a{color:var(--accent)}
nav ul{display:flex;flex-wrap:wrap;gap:1rem;list-style:none;padding:0}
article{border:1px solid var(--line);border-radius:.75rem;padding:1rem 1.25rem;margin:1rem 0}
.method{display:inline-block;min-width:4.5rem;font-weight:700;color:var(--accent)}
code,pre{font-family:ui-monospace,monospace;font-size:.875rem}
code{overflow-wrap:anywhere}
pre{background:var(--code);border-radius:.5rem;padding:1rem;overflow:auto;max-height:24rem}
summary{cursor:pointer;font-weight:600}
details{margin:.5rem 0}
table{border-collapse:collapse;width:100%;font-size:.9rem}caption{text-align:left;font-weight:600}
th,td{text-align:left;padding:.25rem .75rem .25rem 0;border-top:1px solid var(--line);vertical-align:top}
.refusal{margin:.25rem 0;color:var(--soft);font-size:.9rem}
`;
