import { Injectable } from '@nestjs/common';
import { AccessPolicy } from '../auth/authorization/access-policy.js';
import { Feed } from '../feed/feed.js';
import type { Principal } from '../protocol/index.js';
import { ConnectionRegistry } from '../realtime/connection-registry.js';

/** What a server tells of a ledger to those of its tenant. */
@Injectable()
export class LedgerInfo {
  constructor(
    private readonly feed: Feed,
    private readonly accessPolicy: AccessPolicy,
    private readonly connections: ConnectionRegistry,
  ) {}

  async of(caller: Principal) {
    const { tenant } = caller;
    const { epoch, seq } = (await this.feed.log(tenant)).tail;
    const rights = this.accessPolicy.accessFingerprint(caller);
    return { epoch, seq, rights, connectedClients: this.connections.count(tenant) };
  }
}
