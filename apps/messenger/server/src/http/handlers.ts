import type { Handlers } from "./call.ts";
import { accountHandlers } from "./handlers/account.ts";
import { authHandlers } from "./handlers/auth.ts";
import { conversationHandlers } from "./handlers/conversations.ts";
import { deviceHandlers } from "./handlers/devices.ts";
import { factorHandlers } from "./handlers/factors.ts";
import { linkHandlers } from "./handlers/links.ts";
import { messageHandlers } from "./handlers/messages.ts";
import type { Services } from "./handlers/services.ts";
import { transparencyHandlers } from "./handlers/transparency.ts";

export function createHandlers(services: Services): Handlers {
  return {
    ...authHandlers(services),
    ...accountHandlers(services),
    ...factorHandlers(services),
    ...linkHandlers(services),
    ...deviceHandlers(services),
    ...transparencyHandlers(services),
    ...conversationHandlers(services),
    ...messageHandlers(services),
  };
}
