import { createContext, useContext } from "react";
import type { Result } from "../../client/api.ts";

type Proven = <T>(act: () => Promise<Result<T>>) => Promise<Result<T>>;

/** Does the act; when the server wants a fresh proof first, asks for one and does the act again. */
export const ProvenContext = createContext<Proven>((act) => act());

export function useProven(): Proven {
  return useContext(ProvenContext);
}
