/**
 * What a promise comes to, or what `late` gives or throws where it takes longer than so many milliseconds. The promise goes
 * on by itself then, and what it rejects with is nobody's any more.
 */
export function inTime<T, Late>(promise: Promise<T>, ms: number, late: () => Late): Promise<T | Late> {
  let timer: NodeJS.Timeout | undefined;
  const elapsed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms).unref();
  });
  return Promise.race([promise, elapsed.then(late)]).finally(() => clearTimeout(timer));
}
