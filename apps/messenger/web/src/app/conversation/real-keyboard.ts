/** A guess from the pointer: somebody with a mouse has a keyboard that covers nothing of the screen. */
export function hasRealKeyboard(): boolean {
  return matchMedia("(hover: hover) and (pointer: fine)").matches;
}
