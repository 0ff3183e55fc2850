/** One message of an event stream (HTML standard, "Server-sent events"). */
export interface ServerEvent {
  /** May have several lines. */
  readonly data: string;
  /** `message` to the browser when absent. */
  readonly event?: string;
  /** What the browser sends back as `Last-Event-ID` when it connects again. */
  readonly id?: string;
  /** How long a browser waits before it connects again, in milliseconds. */
  readonly retryMs?: number;
}

const MAX_ID = 200;

/** The text of an event. No value can end its line: lines of data are marked each, and others have none. Throws `TypeError`. */
export function formatEvent({ data, event, id, retryMs }: ServerEvent): string {
  let text = "";
  if (event !== undefined) text += `event: ${oneLine(event, "event")}\n`;
  if (id !== undefined) text += `id: ${oneLine(id, "id")}\n`;
  if (retryMs !== undefined) {
    if (!Number.isSafeInteger(retryMs) || retryMs < 0)
      throw new TypeError("retryMs: expects whole milliseconds");
    text += `retry: ${retryMs}\n`;
  }
  for (const line of data.split(/\r\n|\r|\n/)) text += `data: ${line}\n`;
  return `${text}\n`;
}

function oneLine(value: string, name: string): string {
  if (value.length > MAX_ID || /[\r\n\0]/.test(value)) throw new TypeError(`${name}: expects one short line`);
  return value;
}

/** Where a browser left off, or null. Its own word: look it up, do not trust it. */
export function readLastEventId(header: string | null | undefined): string | null {
  if (header === null || header === undefined || header.length === 0 || header.length > MAX_ID) return null;
  return /^[\x20-\x7e\u0080-\uffff]+$/.test(header) ? header : null;
}
