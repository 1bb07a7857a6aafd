import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { ResolvedOptions } from './module-options.js';

/** The options, with every default filled in. */
@Module({})
export class ConfigModule {
  /** @param options provides {@link ResolvedOptions}, from what `imports` provide where they come from a factory. */
  static with(options: Provider, imports: NonNullable<DynamicModule['imports']> = []): DynamicModule {
    return { module: ConfigModule, imports, providers: [options], exports: [ResolvedOptions] };
  }
}
