import type { Handlers } from "../call.ts";
import { clientOf } from "./answers.ts";
import type { Services } from "./services.ts";

type LinkRoute =
  | "requestPasswordReset"
  | "resetPassword"
  | "verifyEmail"
  | "confirmEmailChange"
  | "undoEmailChange";

/** What the links in mails lead to. */
export function linkHandlers({ identity: { credentials } }: Services): Pick<Handlers, LinkRoute> {
  return {
    async requestPasswordReset(call) {
      await credentials.requestPasswordReset(call.body.email, clientOf(call));
      return null;
    },
    async resetPassword(call) {
      await credentials.resetPassword(call.body, clientOf(call));
      return null;
    },
    async verifyEmail(call) {
      await credentials.verifyEmail(call.body.token, clientOf(call));
      return null;
    },
    async confirmEmailChange({ body }) {
      await credentials.confirmEmailChange(body.token);
      return null;
    },
    async undoEmailChange({ body }) {
      await credentials.undoEmailChange(body.token);
      return null;
    },
  };
}
