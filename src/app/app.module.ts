import { Module, type DynamicModule } from '@nestjs/common';
import { AtomeModule } from '../atome/atome.module.js';
import { CompatModule } from '../compat/compat.module.js';
import type { AtomeOptions, AtomeStaticOptions } from '../config/module-options.js';
import { OpsModule } from '../ops/ops.module.js';

/** All that there is belongs to the server, and there is no other CORS than its own. */
const SERVER_DEFAULTS: AtomeOptions = { allowedHosts: ['*'], checkOrigins: true };

/** What is no browser, such as curl, may write without a body and a header. */
const WITHOUT_TOKENS: AtomeOptions = { requireWriteHeader: 'browsers' };

/** The server: the atomes, and what is needed to run it. */
@Module({})
export class AppModule {
  static forRoot(options: AtomeOptions & AtomeStaticOptions): DynamicModule {
    const atomes = AtomeModule.forRoot({ ...SERVER_DEFAULTS, ...(!options.jwt && WITHOUT_TOKENS), ...options });
    // global, so that health reaches the store
    return { module: AppModule, imports: [{ ...atomes, global: true }, OpsModule, CompatModule] };
  }
}
