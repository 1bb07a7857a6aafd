import { AtomeError } from '../../protocol/index.js';
import type { WriteEnvironment } from './write-environment.js';
import { WriteRate } from './quotas.js';

/** Lets writes in, as long as the writer is open and their tenant may write. */
export class Admission {
  private readonly rate: WriteRate;
  private isClosed = false;

  constructor(private readonly environment: Pick<WriteEnvironment, 'quotas' | 'now'>) {
    this.rate = new WriteRate(environment.quotas);
  }

  /** @throws AtomeError `unavailable` when the server is going down; `rate_limited` when the tenant writes too often. */
  admit(tenant: string): void {
    if (this.isClosed) throw new AtomeError('unavailable', 'the server is going down; try again');
    this.rate.take(tenant, this.environment.now());
  }

  /** Lets nothing in any more. */
  close(): void {
    this.isClosed = true;
  }
}
