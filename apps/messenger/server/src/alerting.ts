/** What an operator's commands on alerts are made of. */
export { alertDesk } from "./monitoring/desk.ts";
export { alertReceivers } from "./monitoring/receivers.ts";
export { routesOf } from "./monitoring/routes.ts";
