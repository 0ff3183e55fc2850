import type { Component } from "@rempart/runtime";
import type { GatewayConfig } from "../config/schema.ts";
import { type Gateway, type GatewayPorts, startGateway } from "./gateway.ts";

export interface GatewayComponentOptions extends GatewayPorts {
  readonly config: GatewayConfig;
  /** Told once it serves. */
  readonly started?: (gateway: Gateway) => void;
}

/** The gateway as a part of a process: told to stop, it drains. */
export function gatewayComponent({ config, started, ...ports }: GatewayComponentOptions): Component {
  let gateway: Gateway | null = null;
  return {
    name: "gateway",
    async start() {
      gateway = await startGateway(config, ports);
      started?.(gateway);
    },
    async stop() {
      await gateway?.drain();
    },
  };
}
