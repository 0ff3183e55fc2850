/** The route every server answers: `GET /api/v1/items/:id`, a JSON body of 122 bytes. */
export const ITEM_PREFIX = "/api/v1/items/";

export const ITEM =
  '{"id":7,"name":"A thing of small size","price":1999,"currency":"EUR","stock":7,"tags":["one","two","three"],"active":true}';

const MAX_ID = 1_000_000;

/** Validates the parameter: a whole number from 1 to a million. */
export function itemId(path: string): number | null {
  const text = path.slice(ITEM_PREFIX.length);
  if (text.length === 0 || text.length > 7) return null;
  let id = 0;
  for (let i = 0; i < text.length; i += 1) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return null;
    id = id * 10 + digit;
  }
  return id >= 1 && id <= MAX_ID ? id : null;
}
