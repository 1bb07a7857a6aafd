import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { MemoryBudget } from '../auth/admission/memory-budget.js';
import { ResolvedOptions } from './module-options.js';

const MEMORY: Provider = {
  provide: MemoryBudget,
  inject: [ResolvedOptions],
  useFactory: ({ memoryBudget }: ResolvedOptions) => new MemoryBudget(memoryBudget),
};

/** The options, with every default filled in, and the one budget of memory. */
@Module({})
export class ConfigModule {
  /** @param options provides {@link ResolvedOptions}, from what `imports` provide where they come from a factory. */
  static with(options: Provider, imports: NonNullable<DynamicModule['imports']> = []): DynamicModule {
    return { module: ConfigModule, imports, providers: [options, MEMORY], exports: [ResolvedOptions, MemoryBudget] };
  }
}
