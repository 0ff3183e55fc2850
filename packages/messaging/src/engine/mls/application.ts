import type { Bytes } from "@rempart/kernel";
import { createApplicationMessage, decodeMlsMessage } from "ts-mls";
import { unprotectPrivateMessage } from "ts-mls/messageProtection.js";
import { inspectMlsMessage } from "../../framing/index.ts";
import { MessagingError } from "../errors.ts";
import type { Decrypted, Group, Step } from "../types.ts";
import { checkPlace, encode } from "./commit.ts";
import { guard } from "./guard.ts";
import { paddedLength } from "./padding.ts";
import { CredentialCheck, clientConfig } from "./policy.ts";
import { activeStateOf, leafAt, MlsGroup } from "./state.ts";
import { loadSuite } from "./suites.ts";

/** Sending and receiving ask nothing of the directory: every leaf of the tree was confirmed when it came in. */
const NO_QUESTIONS = new CredentialCheck({ verify: () => Promise.resolve(false) });

export async function encrypt(
  group: Group,
  body: Uint8Array,
  authenticatedData: Uint8Array,
): Promise<Step<Bytes>> {
  const state = activeStateOf(group);
  const suite = await loadSuite(group.suite);
  const padded = { ...state, clientConfig: clientConfig(NO_QUESTIONS, paddedLength(body.length)) };
  const { newState, privateMessage, consumed } = await createApplicationMessage(
    padded,
    body,
    suite,
    authenticatedData,
  );
  return {
    group: new MlsGroup(newState),
    output: encode({ version: "mls10", wireformat: "mls_private_message", privateMessage }),
    consumed: { secrets: consumed },
  };
}

export async function decrypt(group: Group, bytes: Uint8Array): Promise<Step<Decrypted>> {
  const state = activeStateOf(group);
  const info = inspectMlsMessage(bytes);
  if (info?.wireFormat !== "private" || info.contentType !== "application")
    throw new MessagingError("malformed", "Not an application message");
  checkPlace(group, info.groupId, info.epoch);
  const suite = await loadSuite(group.suite);
  return guard("not-decryptable", null, async () => {
    const message = decodeMlsMessage(bytes, 0)?.[0];
    if (message?.wireformat !== "mls_private_message")
      throw new MessagingError("malformed", "Not a private message");
    // The library's processMessage does not say who sent: its own lower layer does.
    const { tree, content, consumed } = await unprotectPrivateMessage(
      state.keySchedule.senderDataSecret,
      message.privateMessage,
      state.secretTree,
      state.ratchetTree,
      state.groupContext,
      clientConfig(NO_QUESTIONS).keyRetentionConfig,
      suite,
    );
    const { sender, authenticatedData } = content.content;
    const leaf = sender.senderType === "member" ? leafAt(state, sender.leafIndex) : null;
    if (leaf === null || content.content.contentType !== "application")
      throw new MessagingError("malformed", "Not a member's application message");
    const output = {
      sender: leaf,
      body: new Uint8Array(content.content.applicationData),
      authenticatedData: new Uint8Array(authenticatedData),
    };
    return { group: new MlsGroup({ ...state, secretTree: tree }), output, consumed: { secrets: consumed } };
  });
}
