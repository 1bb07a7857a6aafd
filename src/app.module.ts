import { Module, type DynamicModule } from '@nestjs/common';
import { AtomeModule } from './atome/atome.module.js';
import { CompatModule } from './compat/compat.module.js';
import type { AtomeOptions, AtomeStaticOptions } from './door/options.js';
import { OpsModule } from './ops/ops.module.js';

/** The server: the atomes, and what is needed to run it. */
@Module({})
export class AppModule {
  static forRoot(options: AtomeOptions & AtomeStaticOptions): DynamicModule {
    // global, so that health reaches the store
    const atomes = { ...AtomeModule.forRoot(options), global: true };
    return { module: AppModule, imports: [atomes, OpsModule, CompatModule] };
  }
}
