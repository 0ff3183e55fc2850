import type { MessengerClient } from "../../client/api.ts";
import { accountCommands } from "./account-commands.ts";
import { conversationCommands } from "./conversation-commands.ts";
import { doorCommands } from "./door-commands.ts";
import { factorCommands } from "./factor-commands.ts";
import { messageCommands } from "./message-commands.ts";
import type { Scenario } from "./scenarios.ts";
import { DoubleState } from "./state.ts";

/**
 * The messenger without server, worker or cryptography: everything is in memory and gone with the page. It behaves as the
 * real client does towards the screens: commands take a moment, messages move from queued to read, older pages come late.
 */
export function createDouble(scenario: Scenario): MessengerClient {
  const state = new DoubleState(scenario);
  return {
    app: state.app,
    connection: state.connection,
    conversations: state.conversations,
    keyAlerts: state.keyAlerts,
    timeline: (id) => state.timeline(id),
    ...doorCommands(state),
    ...accountCommands(state),
    ...factorCommands(state),
    ...conversationCommands(state),
    ...messageCommands(state),
  };
}
