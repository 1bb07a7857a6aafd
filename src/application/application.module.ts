import { Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import { AccessPolicy } from '../auth/authorization/access-policy.js';
import { errorLog } from '../http/error-log.js';
import { Scrubber } from '../ledger/integrity/scrubber.js';
import { LedgerReader } from '../ledger/read/ledger-reader.js';
import { LedgerWriter } from '../ledger/write/ledger-writer.js';
import { AcknowledgedWrites } from './acknowledged-writes.js';
import { AtomeQueries } from './atome-queries.js';
import { AtomeWrites } from './atome-writes.js';
import { Echoes } from './echoes.js';

const PROVIDERS: readonly FactoryProvider[] = [
  {
    provide: AtomeQueries,
    inject: [LedgerReader, AccessPolicy],
    useFactory: (reader: LedgerReader, rules: AccessPolicy) => new AtomeQueries(reader, rules),
  },
  {
    provide: AtomeWrites,
    inject: [LedgerWriter, LedgerReader, AtomeQueries, Scrubber],
    useFactory: (...parts: ConstructorParameters<typeof AtomeWrites>) => new AtomeWrites(...parts),
  },
  {
    provide: AcknowledgedWrites,
    inject: [AtomeWrites, LedgerReader, AtomeQueries],
    useFactory: (writes: AtomeWrites, reader: LedgerReader, queries: AtomeQueries) =>
      new AcknowledgedWrites(writes, new Echoes(reader, queries), errorLog('Writes')),
  },
];

/** Reads and writes on behalf of a principal, for REST, WebSocket, push and an application's own code alike. */
@Module({ providers: [...PROVIDERS], exports: PROVIDERS.map(({ provide }) => provide) })
export class ApplicationModule {
  static from(...imports: DynamicModule[]): DynamicModule {
    return { module: ApplicationModule, imports };
  }
}
