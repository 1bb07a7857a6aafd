import type { Atome } from '../../../src/protocol/index.js';
import type { AnyKinds } from '../core/kinds.js';
import type { QueryListener } from '../offline/api.js';

/**
 * Each result of a live query; those that nobody has taken give way to newer ones.
 * @param watching gets what is to be called when nothing will change any more.
 */
export async function* iterate(
  follow: (run: QueryListener<AnyKinds, string>) => () => void,
  watching: Set<() => void>,
  isOver: () => boolean,
): AsyncGenerator<readonly Atome[], undefined> {
  let newest: readonly Atome[] | undefined;
  let wake = (): void => undefined;
  const look = (): void => wake();
  watching.add(look);
  const stop = follow((atomes) => {
    newest = atomes;
    wake();
  });
  try {
    for (;;) {
      while (!newest && !isOver()) await new Promise<void>((resolve) => (wake = resolve));
      const result = newest;
      if (!result) return undefined;
      newest = undefined;
      yield result;
    }
  } finally {
    stop();
    watching.delete(look);
  }
}
