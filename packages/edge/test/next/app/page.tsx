import { headers } from "next/headers.js";
import { Counter } from "./counter.tsx";

export default async function Page() {
  const given = await headers();
  return (
    <main>
      <p id="address">{given.get("x-client-address")}</p>
      <p id="request">{given.get("x-request-id")}</p>
      <Counter />
    </main>
  );
}
