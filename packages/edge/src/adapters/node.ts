/** The edge on raw `node:http`: requests, WebSocket upgrades, and a server configured to keep its limits. */
export {
  contextOf,
  type NodeHandler,
  type NodeUpgradeHandler,
  nodeHandler,
  upgradeHandler,
} from "./node-handler.ts";
export { createEdgeServer, type EdgeServerOptions } from "./node-server.ts";
