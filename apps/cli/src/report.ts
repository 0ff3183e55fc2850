export interface JsonOption {
  readonly json?: boolean;
}

/** A result for a program, or in words. */
export function report({ json }: JsonOption, value: unknown, text: string): void {
  say(json === true ? JSON.stringify(value) : text);
}

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
