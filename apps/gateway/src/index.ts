export { loadGatewayConfig } from "./config/file.ts";
export { readGatewayConfig } from "./config/read.ts";
export type { GatewayConfig, GatewaySettings } from "./config/schema.ts";
export { GatewayError, type GatewayErrorCode } from "./errors.ts";
export { type GatewayComponentOptions, gatewayComponent } from "./node/component.ts";
export { type Gateway, type GatewayPorts, startGateway } from "./node/gateway.ts";
export { openGatewayLogs } from "./node/logs.ts";
