/*
 * What an alteration says by its `sourceClient` that comes from upstream: at which seq that one had decided it. No caller is
 * called so, as there is a space in it.
 */

const MARK = 'upstream ';

/** The mark of what upstream had decided by `seq`. */
export function markOf(seq: number): string {
  return `${MARK}${seq}`;
}

/** The seq of a mark; undefined for what was written here. */
export function markedSeq({ sourceClient }: { readonly sourceClient: string | null }): number | undefined {
  return sourceClient?.startsWith(MARK) ? Number(sourceClient.slice(MARK.length)) : undefined;
}
