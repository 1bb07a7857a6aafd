import { Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import { AtomeWrites } from '../application/atome-writes.js';
import { AccessPolicy } from '../auth/authorization/access-policy.js';
import { LedgerReader } from '../ledger/read/ledger-reader.js';
import { LEDGER_STORE, type LedgerStore } from '../ledger/store.js';
import { AuditController } from './audit.controller.js';
import { AuditReader } from './audit-reader.js';
import { UserDataController } from './user-data.controller.js';
import { UserData } from './user-data.js';

const PROVIDERS: readonly FactoryProvider[] = [
  { provide: AuditReader, inject: [LEDGER_STORE], useFactory: (store: LedgerStore) => new AuditReader(store) },
  {
    provide: UserData,
    inject: [LEDGER_STORE, LedgerReader, AtomeWrites, AccessPolicy],
    useFactory: (...parts: ConstructorParameters<typeof UserData>) => new UserData(...parts),
  },
];

/** The audit trail, and what the law gives to everybody about their own data. */
@Module({
  providers: [...PROVIDERS],
  exports: PROVIDERS.map(({ provide }) => provide),
})
export class ComplianceModule {
  /** @param routes which of them there are. */
  static from(routes: { audit: boolean; userData: boolean }, ...imports: DynamicModule[]): DynamicModule {
    const controllers = [...(routes.audit ? [AuditController] : []), ...(routes.userData ? [UserDataController] : [])];
    return { module: ComplianceModule, imports, controllers };
  }
}
