import { type Arrival, arrivalOf } from "./arrival.ts";

/** Reads what the address brings along and takes it out of there: a secret must not stay in the history. */
export function takeArrival(): Arrival | null {
  const arrival = arrivalOf(location.hash);
  if (arrival !== null) history.replaceState(history.state, "", location.pathname + location.search);
  return arrival;
}
