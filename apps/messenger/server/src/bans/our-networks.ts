import { BlockList, isIPv6 } from "node:net";

const OURS = new BlockList();
for (const [network, prefix] of [
  ["127.0.0.0", 8],
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["169.254.0.0", 16],
] as const)
  OURS.addSubnet(network, prefix, "ipv4");
for (const [network, prefix] of [
  ["::1", 128],
  ["fc00::", 7],
  ["fe80::", 10],
] as const)
  OURS.addSubnet(network, prefix, "ipv6");

/** Whether a proxy of ours may stand at this address: banning it would refuse everybody behind it. */
export function isOurs(address: string): boolean {
  return OURS.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}
