import type { MessengerClient } from "../../client/api.ts";
import { createDouble } from "./double.ts";
import { isScenario, SCENARIOS } from "./scenarios.ts";

/** Stands in for the real client with `vite --mode double`; `?scenario=` in the address chooses what it plays. */
export function createMessengerClient(): MessengerClient {
  const wanted = new URLSearchParams(location.search).get("scenario");
  return createDouble(SCENARIOS[isScenario(wanted) ? wanted : "everyday"]());
}
