export { readGatewayConfig } from "./config/read.ts";
export type { GatewayConfig, GatewaySettings } from "./config/schema.ts";
export { answerFields } from "./core/answer-fields.ts";
export { gatewayProblem } from "./core/problems.ts";
export { requestFields, type Told } from "./core/request-fields.ts";
export { compileRouting, edgeConfig, type Route } from "./core/routing.ts";
export { isForwardable } from "./core/target.ts";
export { GatewayError, type GatewayErrorCode } from "./errors.ts";
export { type Gateway, type GatewayPorts, startGateway } from "./node/gateway.ts";
