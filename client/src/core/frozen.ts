/** What bundlers, and Node, have; a page without a bundler has none, and counts as production. */
declare const process: { readonly env: { readonly NODE_ENV?: string } };

/**
 * Freezes an object and all that is in it, in development alone: who changes what is everybody's meets an error there,
 * and not a result that is wrong somewhere else.
 */
export let frozen = <T>(value: T): T => value;

try {
  // in this form bundlers leave it out of what is for production
  if (process.env.NODE_ENV !== 'production') {
    frozen = (value) => {
      if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
      Object.values(value).forEach(frozen);
      return Object.freeze(value);
    };
  }
} catch {
  // it has none
}
