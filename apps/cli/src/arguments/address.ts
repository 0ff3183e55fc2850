import { InvalidArgumentError } from "commander";

export function httpAddress(text: string): URL {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  throw new InvalidArgumentError("Expected an HTTP address, as in http://localhost:3001.");
}
