import type { AcknowledgedWrites } from '../application/acknowledged-writes.js';
import type { AccessPolicy } from '../auth/authorization/access-policy.js';
import { assertRole } from '../auth/authorization/role-permissions.js';
import type { Auth, ClientMessage, Ping, Principal, ServerMessage } from '../protocol/index.js';
import type { BackPressure } from './backpressure.js';
import type { ConnectionRegistry } from './connection-registry.js';
import type { RegisteredConnection } from './registered-connection.js';
import { MESSAGE_PERMISSIONS } from './message-permissions.js';
import type { Subscription } from './subscription.js';

/** What a principal can say about its tenant. */
export type TenantMessage = Exclude<ClientMessage, Ping | Auth>;

/** What messages are handed to. */
export interface MessageTargets {
  readonly accessPolicy: AccessPolicy;
  readonly writes: AcknowledgedWrites;
  readonly connectionRegistry: ConnectionRegistry;
}

/** Handles the messages of one connection whose principal is known. */
export class MessageHandler {
  constructor(
    private readonly connection: RegisteredConnection,
    readonly subscription: Subscription,
    private readonly backPressure: BackPressure,
    private readonly targets: MessageTargets,
  ) {}

  /** @throws AtomeError `forbidden` without the role; or rejects with what refuses the message. */
  handle(message: TenantMessage, principal: Principal): Promise<void> | void {
    assertRole(principal, MESSAGE_PERMISSIONS[message.type]);
    const { accessPolicy, writes, connectionRegistry } = this.targets;
    const { connection, subscription } = this;
    const by = { clientId: connection.clientId, principal };
    switch (message.type) {
      case 'subscribe':
        return subscription.openRange(principal, accessPolicy.accessFingerprint(principal), message);
      case 'unsubscribe':
        return subscription.stop();
      case 'presence':
        return connectionRegistry.setPresence(connection, message.state);
      case 'mutate':
        return this.acknowledge(writes.mutate(message.mutation, by));
      case 'atome:created':
      case 'atome:updated':
      case 'atome:altered':
      case 'atome:deleted':
        return writes.compat(message, by).then((answer) => {
          if (answer && !this.isMoot(answer)) connection.socket.send(answer);
        });
    }
  }

  private acknowledge(answer: Promise<ServerMessage>): void {
    this.backPressure.submitted();
    void answer.then((message) => {
      if (!this.isMoot(message)) this.connection.socket.answer(message);
      this.backPressure.answered();
    });
  }

  /** A client that is sent away sends again what was not answered, and need not hear of a refusal before. */
  private isMoot(answer: ServerMessage): boolean {
    return this.connection.isLeaving && answer.type === 'nack' && answer.error.retryable;
  }
}
