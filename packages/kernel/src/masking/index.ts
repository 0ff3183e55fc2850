export { Harmless } from "./harmless.ts";
export { MASK_LIMITS, mask, maskText } from "./mask.ts";
export { visible } from "./text.ts";
