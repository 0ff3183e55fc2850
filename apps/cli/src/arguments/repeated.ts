/** Of an option that may be given more than once. */
export function repeated(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
