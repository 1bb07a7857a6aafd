/** What can go wrong on the way from a log to a reader. */
export interface OrderFaults {
  readonly skipped: number;
  readonly reordered: number;
  readonly doubled: number;
}

export const NO_FAULTS: OrderFaults = { skipped: 0, reordered: 0, doubled: 0 };

/** Compares the places that a reader was shown, in the order in which it was, with all that there are. */
export function orderFaults(shown: readonly number[], all: readonly number[]): OrderFaults {
  const seen = new Set(shown);
  return {
    skipped: all.filter((place) => !seen.has(place)).length,
    reordered: shown.filter((place, index) => index > 0 && place < shown[index - 1]!).length,
    doubled: shown.length - seen.size,
  };
}

/** 1, 2 … `last`. */
export function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}
