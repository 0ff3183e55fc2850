export { type AddressKind, classifyAddress } from "../address/special.ts";
export {
  createSafeFetch,
  type SafeFetch,
  type SafeFetchOptions,
  type SafeRequest,
  type SafeResponse,
} from "./safe-fetch.ts";
