import { jest } from '@jest/globals';
import { AccessPropagation } from '../../../src/ledger/write/propagate-access.js';
import { LedgerWriter } from '../../../src/ledger/write/ledger-writer.js';
import type { TestApp } from '../server/app.js';

/** Keeps every change of an access where it is, as long as nobody goes on: what is there to be propagated stays in the database. */
export class HeldPropagation {
  private readonly spy: { mockRestore(): void };

  constructor() {
    this.spy = jest.spyOn(AccessPropagation.prototype, 'step').mockImplementation(function (
      this: AccessPropagation,
      tenant: string,
    ) {
      this.end(tenant);
      return Promise.resolve([]);
    });
  }

  goOn(): void {
    this.spy.mockRestore();
  }
}

/** Resolves when a server has told all that inherit what they inherit, also where that was held. */
export async function propagated(server: TestApp): Promise<void> {
  const writer = server.app.get(LedgerWriter, { strict: false });
  await writer.start();
  await writer.settled();
}
