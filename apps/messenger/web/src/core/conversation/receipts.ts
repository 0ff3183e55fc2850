import type { Member } from "@rempart/messaging/contract";

/** Members with one's marks moved on; the same array when nothing moved. Marks only rise. */
export function withReceipt(
  members: readonly Member[],
  userId: string,
  marks: { readonly delivered?: number | undefined; readonly read?: number | undefined },
): readonly Member[] {
  const member = members.find((candidate) => candidate.userId === userId);
  if (member === undefined) return members;
  const read = Math.max(member.read, marks.read ?? 0);
  const delivered = Math.max(member.delivered, marks.delivered ?? 0, read);
  if (read === member.read && delivered === member.delivered) return members;
  return members.map((candidate) => (candidate === member ? { ...member, read, delivered } : candidate));
}
