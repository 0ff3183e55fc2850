import { docsPage } from "./docs-page.ts";
import { openApi } from "./openapi.ts";
import type { Document } from "./public.ts";
import { inlineHashes } from "./web-client.ts";

const API_VERSION = "1.0.0";

export interface Documents {
  readonly byPath: ReadonlyMap<string, Document>;
  /** Of the page's inline style, for its Content Security Policy. */
  readonly styleHashes: readonly string[];
}

/** The API's description, for machines and for people; made once. */
export function createDocuments(): Documents {
  const description = openApi(API_VERSION);
  const page = docsPage(description);
  return {
    byPath: new Map([
      ["/api/openapi.json", document("application/json", JSON.stringify(description))],
      ["/api/docs", document("text/html; charset=utf-8", page)],
    ]),
    styleHashes: inlineHashes(page, "style"),
  };
}

function document(type: string, text: string): Document {
  return { type, body: Buffer.from(text) };
}
