/** The rules of Slack's Block Kit reference, for the blocks that a notification is made of. */

export interface TextObject {
  readonly type: "plain_text" | "mrkdwn";
  readonly text: string;
}

export interface Block {
  readonly type: string;
  readonly text?: TextObject;
  readonly elements?: readonly TextObject[];
}

export interface PostedMessage {
  readonly text: string;
  readonly blocks: readonly Block[];
}

const MAX_BLOCKS = 50;
const MAX_TEXT = 40_000;

export function isMessage(value: unknown): value is PostedMessage {
  const { text, blocks } = value as { text?: unknown; blocks?: unknown };
  if (typeof text !== "string" || text === "" || text.length > MAX_TEXT) return false;
  return Array.isArray(blocks) && blocks.length > 0 && blocks.length <= MAX_BLOCKS && blocks.every(isBlock);
}

function isBlock(value: unknown): boolean {
  const { type, text, elements } = value as { type?: unknown; text?: unknown; elements?: unknown };
  switch (type) {
    case "header":
      return isText(text, 150) && text.type === "plain_text";
    case "section":
      return isText(text, 3_000);
    case "context":
      return isTextList(elements) && elements.length >= 1 && elements.length <= 10;
    default:
      return type === "divider";
  }
}

function isTextList(value: unknown): value is TextObject[] {
  return Array.isArray(value) && value.every((element) => isText(element, 2_000));
}

/** `emoji` belongs to `plain_text`, `verbatim` to `mrkdwn`; nothing else stands beside the text. */
function isText(value: unknown, limit: number): value is TextObject {
  if (value === null || typeof value !== "object") return false;
  const { type, text, ...rest } = value as { type?: unknown; text?: unknown };
  const option = type === "plain_text" ? "emoji" : type === "mrkdwn" ? "verbatim" : undefined;
  if (option === undefined || Object.keys(rest).some((key) => key !== option)) return false;
  return typeof text === "string" && text.length >= 1 && text.length <= limit;
}
