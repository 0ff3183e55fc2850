/** Any text as an identifier: quotes, line breaks and letters of every script stay part of the name. */
export function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

export interface Named {
  readonly schema: string;
  readonly name: string;
}

export function qualified({ schema, name }: Named): string {
  return `${quoted(schema)}.${quoted(name)}`;
}

/** As a string constant, whatever `standard_conforming_strings` says. */
export function literal(text: string): string {
  return `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}
