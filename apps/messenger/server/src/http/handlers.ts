import type { Handlers } from "./call.ts";
import { authHandlers } from "./handlers/auth.ts";
import { conversationHandlers } from "./handlers/conversations.ts";
import { deviceHandlers } from "./handlers/devices.ts";
import { messageHandlers } from "./handlers/messages.ts";
import type { Services } from "./handlers/services.ts";

export function createHandlers(services: Services): Handlers {
  return {
    ...authHandlers(services),
    ...deviceHandlers(services),
    ...conversationHandlers(services),
    ...messageHandlers(services),
  };
}
