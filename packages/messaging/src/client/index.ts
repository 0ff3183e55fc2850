/** One conversation on one device, as pure transitions. See the package's README for the diagram. */
import { apply } from "./apply.ts";
import { plan } from "./plan.ts";
import type { ConversationState, Input, Step } from "./types.ts";

export { durable, newConversation, restore } from "./state.ts";
export type {
  ChangeRequest,
  CommitPurpose,
  ConversationState,
  Durable,
  Effect,
  Input,
  Job,
  OutboxEntry,
  PendingCommit,
  Step,
} from "./types.ts";

/**
 * Takes one input: the next state, and what to do now. Save `durable(state)` (with the group, when the input is the answer
 * of an operation on it) before carrying out the effects; their answers are the next inputs, in any order. An answer that
 * leaves the state as it was came too late: do not save the group that came with it.
 */
export function step(state: ConversationState, input: Input): Step {
  const [applied, ...effects] = apply(state, input);
  const planned = plan(applied);
  return { state: planned.state, effects: [...effects, ...planned.effects] };
}
