import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Counter } from '../auth/admission/counter.js';
import { AtomeError, invalid, type Principal } from '../protocol/index.js';
import { messageId, newSecret } from './signature.js';
import { NotDelivered, type Payload } from './webhook-sender.js';
import type {
  DeliveryQuery,
  Webhook,
  WebhookChange,
  WebhookDelivery,
  WebhookInput,
  WebhookName,
  WebhooksParts,
  WebhookTest,
  WebhookWithSecret,
} from './webhook.js';

/** Tests under way at once in this process, and of one tenant: a receiver may take its time. */
const TESTS_AT_ONCE = { all: 8, tenant: 2 } as const;

/** The webhooks of tenants: what is committed is posted to them, signed as Standard Webhooks has it. */
@Injectable()
export class Webhooks {
  private tests = 0;
  private readonly testing = new Counter();

  constructor(private readonly parts: WebhooksParts) {}

  /**
   * Makes one that is told of what is written from now on.
   * @throws AtomeError `invalid` for an address that cannot be one; `conflict` when the tenant has as many as it may.
   */
  async create({ tenant, id: createdBy }: Principal, input: WebhookInput): Promise<WebhookWithSecret> {
    this.requireUrl(input.url);
    const { perTenant, rows } = this.parts;
    const id = `wh_${randomUUID()}`;
    const secret = newSecret();
    const { url, kinds = null, events = null, description = '', enabled = true } = input;
    const made = { id, tenant, url: new URL(url).href, kinds, events, description, enabled, createdBy, secret };
    if (!(await rows.create(made, perTenant))) {
      throw new AtomeError(
        'conflict',
        `a tenant has at most ${perTenant} webhooks (WEBHOOKS_PER_TENANT); delete one first`,
      );
    }
    this.parts.starter.wake(tenant, id);
    return { ...(await this.get({ tenant, id })), secret };
  }

  /** All of a tenant, the oldest first. */
  list(tenant: string): Promise<Webhook[]> {
    return this.parts.rows.list(tenant);
  }

  /** One of them. @throws AtomeError `not_found` */
  async get({ tenant, id }: WebhookName): Promise<Webhook> {
    // what no webhook can be called, PostgreSQL may not even compare
    const [webhook] = /^wh_[0-9a-f-]{36}$/.test(id) ? await this.parts.rows.list(tenant, id) : [];
    if (!webhook) throw new AtomeError('not_found', 'there is no such webhook');
    return webhook;
  }

  /**
   * Changes what is given. Who gives it another address is its maker from then on: nobody is sent what they may not read.
   * @throws AtomeError `not_found`; `invalid` for an address that cannot be one.
   */
  async change({ tenant, id: createdBy }: Principal, id: string, change: WebhookChange): Promise<Webhook> {
    const name = { tenant, id };
    // what else the caller has in it, such as another maker, is not theirs to say
    const { url, kinds, events, description, enabled } = change;
    if (url !== undefined) this.requireUrl(url);
    const before = await this.get(name);
    const href = url === undefined ? before.url : new URL(url).href;
    const moved = href !== before.url && { url: href, createdBy };
    await this.parts.rows.change(name, { kinds, events, description, enabled, ...moved });
    this.parts.starter.wake(tenant, id);
    return this.get(name);
  }

  /** Makes a new secret, told to its maker from then on; that of before signs too for a day. @throws AtomeError `not_found` */
  async rotateSecret({ tenant, id: createdBy }: Principal, id: string): Promise<string> {
    const name = { tenant, id };
    await this.get(name);
    const secret = newSecret();
    await this.parts.rows.rotate(name, secret, createdBy);
    return secret;
  }

  /** Forgets a webhook, with what it has not been sent. @throws AtomeError `not_found` */
  async delete(name: WebhookName): Promise<void> {
    await this.get(name);
    await this.parts.rows.remove(name);
  }

  /** The latest 500 deliveries, and all that are failing or given up. @throws AtomeError `not_found` */
  async deliveries(name: WebhookName, query: DeliveryQuery = {}): Promise<WebhookDelivery[]> {
    await this.get(name);
    return this.parts.deliveries.list(name, query);
  }

  /** Sends once more what was sent, or given up, of one alteration. @throws AtomeError `not_found` */
  async replay(name: WebhookName, seq: number): Promise<void> {
    await this.get(name);
    if (!(await this.parts.rows.replayOne(name, seq))) {
      throw new AtomeError(
        'not_found',
        `there is no delivery of seq ${seq} that is over; "after" goes back to any seq`,
      );
    }
    this.parts.starter.wake(name.tenant, name.id);
  }

  /** Sends all behind a seq, again where it was sent before. @throws AtomeError `not_found`; `invalid` */
  async replayAfter(name: WebhookName, after: number): Promise<void> {
    await this.get(name);
    if (!(await this.parts.rows.moveTo(name, after))) {
      throw invalid([{ path: 'after', message: 'is behind the end of the ledger' }]);
    }
    this.parts.starter.wake(name.tenant, name.id);
  }

  /** Posts `webhook:test` at once, once, also to one that is disabled. @throws AtomeError `not_found`; `rate_limited` */
  async test(name: WebhookName): Promise<WebhookTest> {
    await this.get(name);
    const target = await this.parts.rows.target(name);
    if (!target) throw new AtomeError('not_found', 'there is no such webhook');
    const { tenant } = name;
    if (this.tests >= TESTS_AT_ONCE.all || this.testing.of(tenant) >= TESTS_AT_ONCE.tenant) {
      throw new AtomeError('rate_limited', 'too many webhooks are tested at once; try again', { retryAfter: 1_000 });
    }
    const timestamp = new Date().toISOString();
    const payload: Payload = { type: 'webhook:test', timestamp, data: { webhook: name.id, tenant } };
    const message = { id: messageId(name.id, randomUUID()), body: JSON.stringify(payload) };
    this.tests += 1;
    this.testing.add(tenant);
    try {
      const responseStatus = await this.parts.sender.post(target, message, new AbortController().signal);
      return { delivered: true, responseStatus, error: null };
    } catch (error) {
      if (!(error instanceof NotDelivered)) throw error;
      return { delivered: false, responseStatus: error.status ?? null, error: error.message };
    } finally {
      this.tests -= 1;
      this.testing.remove(tenant);
    }
  }

  private requireUrl(url: string): void {
    const message = this.parts.poster.problemOf(url);
    if (message !== undefined) throw invalid([{ path: 'url', message }]);
  }
}
