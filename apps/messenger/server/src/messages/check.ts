import { inspectMlsMessage } from "@rempart/messaging";

const FRANKING_TAG_BYTES = 32;

/**
 * Whether bytes are an application message of this group and epoch: an MLS PrivateMessage whose authenticated data is a
 * franking tag. All the server can check without keys.
 */
export function isApplicationMessage(bytes: Uint8Array, conversationId: string, epoch: number): boolean {
  const info = inspectMlsMessage(bytes);
  return (
    info !== null &&
    info.wireFormat === "private" &&
    info.contentType === "application" &&
    info.groupId === conversationId &&
    info.epoch === epoch &&
    info.authenticatedData.length === FRANKING_TAG_BYTES
  );
}
