/** An upstream that a test kills: `/slow` waits before it answers, everything else says who answered. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const SLOW_MS = 200;

const server = createServer((request, response) => {
  const answer = (): void => {
    response.end(String(process.pid));
  };
  if (request.url?.startsWith("/slow")) setTimeout(answer, SLOW_MS);
  else answer();
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.on("disconnect", () => process.exit());
