/** The REST and WebSocket contract, shared by both sides. Pure: schemas, tables and types. */
export {
  CLOSE,
  type ClientFrame,
  clientFrame,
  type SendFrame,
  type ServerFrame,
  sendFrame,
  serverFrame,
} from "./frames.ts";
export {
  type ApiKey,
  email,
  type FactorProof,
  type Factors,
  type Passkey,
  type SecondFactor,
  type SignInAnswer,
  type SignUpAnswer,
} from "./identity-models.ts";
export { HEARTBEAT_MS, LIMITS } from "./limits.ts";
export type {
  Account,
  Conversation,
  ConversationEvent,
  Device,
  Member,
  MembershipChange,
  Message,
  PublicDevice,
  Session,
  SignedIn,
  User,
  Welcome,
} from "./models.ts";
export { type Role, type Suite, shownText, suite, timestamp, uuid } from "./primitives.ts";
export { PROBLEMS, type ProblemCode } from "./problems.ts";
export type { Route } from "./route.ts";
export {
  type CommitBody,
  commitBody,
  type NewConversationBody,
  ROUTES,
  type RouteName,
} from "./routes.ts";
export { type KeyLogAnswer, type KeyLogEvent, keyLogAnswer } from "./transparency-routes.ts";
