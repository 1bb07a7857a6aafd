/** What `@nestjs/terminus` takes for the result of an indicator. */
export type AtomeHealth<Key extends string = string> = Readonly<
  Record<Key, { readonly status: 'up' | 'down'; readonly message?: string }>
>;

/**
 * Whether atomes can be written now: an indicator for the health check of an application, which need not have
 * `@nestjs/terminus`.
 * @example
 * ```ts
 * health.check([() => atomes.isHealthy('atomes')]);
 * ```
 */
export class AtomeHealthIndicator {
  /** @param fault why no atome can be written now; undefined when it can. */
  constructor(private readonly fault: () => Promise<string | undefined>) {}

  /** Never rejects; `down` says why: the application is going down, or its database takes no write. */
  async isHealthy<Key extends string = 'atomes'>(key = 'atomes' as Key): Promise<AtomeHealth<Key>> {
    const message = await this.fault();
    return { [key]: message === undefined ? { status: 'up' } : { status: 'down', message } } as AtomeHealth<Key>;
  }
}
