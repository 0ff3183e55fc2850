/** A double as two words of 32 bits: `>>>` works on 32. */
export interface Words {
  high: number;
  low: number;
}

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
const LOW = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 0 : 1;

export function toWords(value: number): Words {
  double[0] = value;
  return { high: words[1 - LOW] as number, low: words[LOW] as number };
}

export function fromWords(high: number, low: number): number {
  words[1 - LOW] = high;
  words[LOW] = low;
  return double[0] as number;
}

export function leadingZeros({ high, low }: Words): number {
  return high === 0 ? 32 + Math.clz32(low) : Math.clz32(high);
}

export function trailingZeros({ high, low }: Words): number {
  return low === 0 ? 32 + trailing32(high) : trailing32(low);
}

function trailing32(word: number): number {
  return word === 0 ? 32 : 31 - Math.clz32(word & -word);
}

export function shiftRight({ high, low }: Words, by: number): Words {
  if (by === 0) return { high, low };
  if (by >= 32) return { high: 0, low: high >>> (by - 32) };
  return { high: high >>> by, low: ((low >>> by) | (high << (32 - by))) >>> 0 };
}

export function shiftLeft({ high, low }: Words, by: number): Words {
  if (by === 0) return { high, low };
  if (by >= 32) return { high: (low << (by - 32)) >>> 0, low: 0 };
  return { high: ((high << by) | (low >>> (32 - by))) >>> 0, low: (low << by) >>> 0 };
}
