/**
 * Settings for a server that archives, started for a moment by somebody who cannot: what it writes waits in its directory for the
 * next start with an archiver. Without them those segments would never be handed over, and the chain would break.
 */
export async function heldBack(): Promise<Readonly<Record<string, string>>> {
  return { archive_mode: "on", archive_command: "" };
}
