import { Logger, Module, type DynamicModule } from '@nestjs/common';
import { WriteSafety } from '../application/write-safety.js';
import { ResolvedOptions } from '../config/module-options.js';
import type { Tables } from '../database/tables.js';
import { LimitedLog } from '../http/limited-log.js';
import { Scrubber } from '../ledger/integrity/scrubber.js';
import { LEDGER_STORE, type LedgerStore } from '../ledger/store.js';
import { LedgerWriter } from '../ledger/write/ledger-writer.js';
import { EdgeController } from './edge.controller.js';
import { EdgeLink } from './edge-link.js';

type Needs = [LedgerStore & Tables, LedgerWriter, ResolvedOptions, WriteSafety, Scrubber];

function linkOf(...[store, writer, { upstream }, safety, scrubber]: Needs): EdgeLink {
  const log = new LimitedLog(new Logger('Edge'));
  const say = (cause: string, detail: string): void => log.warn(cause, detail === '' ? cause : `${cause}: ${detail}`);
  return new EdgeLink(upstream && { options: upstream, store, writer, say, erased: () => scrubber.scrub() }, safety);
}

/** Following another server. Where none is named, it does nothing. */
@Module({
  providers: [
    {
      provide: EdgeLink,
      inject: [LEDGER_STORE, LedgerWriter, ResolvedOptions, WriteSafety, Scrubber],
      useFactory: linkOf,
    },
  ],
  exports: [EdgeLink],
})
export class EdgeModule {
  static from(rest: boolean, ...imports: DynamicModule[]): DynamicModule {
    return { module: EdgeModule, imports, controllers: rest ? [EdgeController] : [] };
  }
}
