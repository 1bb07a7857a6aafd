import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import fc from '../support/properties.js';
import { createClient, memoryStore, type Changes, type Client, type Store, type Tabs } from '../../client/src/index.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { AT_ONCE, shownBy } from '../support/clients/offline.js';

const RUNS = 15;
const ATOMES = ['a', 'b', 'c'];

/** The twin of tabs on one store: each commit is told to the others, and the first tab leads until it goes. */
class Profile {
  readonly memory = memoryStore();
  private readonly tabs = new Map<object, (changes: readonly Changes[]) => void>();
  private readonly hearers = new Map<object, (message: never) => void>();
  private waiting: (() => void)[] = [];
  private led = false;

  tab(): Store {
    const me = {};
    const others = <T>(all: Map<object, T>): T[] => [...all].filter(([who]) => who !== me).map(([, each]) => each);
    const tabs: Tabs = {
      lead: (granted) => {
        if (this.led) this.waiting.push(granted);
        else granted();
        const leads = !this.led;
        this.led = true;
        return () => {
          this.waiting = this.waiting.filter((each) => each !== granted);
          if (leads) this.waiting.shift()?.();
        };
      },
      tell: (message) => others(this.hearers).forEach((hear) => hear(message as never)),
      hear: (listener) => (this.hearers.set(me, listener), () => void this.hearers.delete(me)),
    };
    return {
      ...this.memory,
      tabs,
      commit: async (changes) => {
        await this.memory.commit(changes);
        others(this.tabs).forEach((observe) => observe(changes));
      },
      observe: (listener) => (this.tabs.set(me, listener), () => void this.tabs.delete(me)),
    };
  }
}

const step = fc.record({
  tab: fc.nat(2),
  action: fc.constantFrom('create', 'update', 'delete', 'foreign'),
  atome: fc.constantFrom(...ATOMES),
});
/** What a callback does when it is called: nothing, or one of what an application can do wrong. */
const deed = fc.constantFrom('nothing', 'nothing', 'throw', 'reject', 'throw nothing', 'write', 'listen', 'stop');

describe('callbacks that throw, reject, write and stop at any moment', () => {
  let server: TestApp;
  let tenant = 0;
  beforeAll(async () => {
    jest.spyOn(console, 'error').mockImplementation(() => undefined);
    server = await startApp();
  });
  afterAll(async () => {
    jest.restoreAllMocks();
    await server.close();
  });

  /** Lets everything of the application's on a client misbehave, as told. */
  function misbehave(client: Client, next: () => string, kind: string): void {
    const stops: (() => void)[] = [];
    const act = (): unknown => {
      switch (next()) {
        case 'throw':
          throw new Error('of the application');
        case 'throw nothing':
          throw Object.create(null);
        case 'reject':
          return Promise.reject(new Error('of the application'));
        case 'write':
          return client.create({ kind, data: { made: 'by a callback' } }).catch(() => undefined);
        case 'listen':
          return void stops.push(client.watch({ kind }, act));
        case 'stop':
          return stops.shift()?.();
        default:
          return undefined;
      }
    };
    stops.push(client.watch({ kind }, act), client.watch({ kind, sort: '-updatedAt', limit: 2 }).subscribe(act));
    stops.push(client.on('*', act), client.on('sync:pending', act), client.on('sync:error', act));
  }

  it('change nothing of what is kept, sent and shown, in any tab', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 3, maxLength: 15 }),
        fc.infiniteStream(deed),
        async (steps, deeds) => {
          const kind = `k${(tenant += 1)}`;
          const profile = new Profile();
          const open = (store: Store): Client => createClient({ url: server.url, reconnect: AT_ONCE, store });
          const tabs = [1, 2, 3].map(() => open(profile.tab()));
          const other = open(memoryStore());
          let budget = 60;
          const next = (): string => (budget-- > 0 ? (deeds.next().value as string) : 'throw');
          tabs.forEach((client) => misbehave(client, next, kind));
          const opIds: string[] = [];
          for (const { tab, action, atome } of steps) {
            const client = action === 'foreign' ? other : tabs[tab]!;
            const id = `${kind}-${atome}`;
            const written =
              action === 'delete'
                ? client.delete(id)
                : action === 'update'
                  ? client.update(id, { n: opIds.length })
                  : client.create({ id: action === 'foreign' ? undefined : id, kind, data: { n: opIds.length } });
            opIds.push((await written).opId);
          }
          await other.flush();
          const settled = async (client: Client, seq: number): Promise<Record<string, unknown>> => {
            await client.waitFor(seq);
            await client.flush();
            return of(await shownBy(client));
          };
          const of = (all: Record<string, unknown>): Record<string, unknown> =>
            Object.fromEntries(Object.entries(all).filter(([, atome]) => (atome as { kind: string }).kind === kind));
          for (const client of tabs) await client.flush();
          const { body } = await server.api.get('/api/sync/changes?since=0&limit=1000');
          const head = (body as { head: number }).head;
          const expected = await settled(other, head);
          for (const client of tabs) expect(await settled(client, head)).toEqual(expected);
          // each write is in the ledger or among the rejected
          const refused = (await tabs[0]!.rejected()).map(({ operation }) => operation.opId);
          const taken = await server.api.get(`/api/sync/changes?since=0&limit=1000`);
          const known = [...refused, ...(taken.body as { events: { opId: string }[] }).events.map(({ opId }) => opId)];
          const lost = opIds.filter((opId) => !known.includes(opId));
          // a delete or an update that changed nothing leaves no alteration
          expect(lost.length).toBeLessThanOrEqual(steps.filter(({ action }) => action !== 'create').length);
          await Promise.all(tabs.map((client) => client.close()));
          const again = open(profile.memory);
          await again.waitFor(head);
          expect(of(await shownBy(again))).toEqual(expected);
          await Promise.all([again.close(), other.close()]);
        },
      ),
      { numRuns: RUNS },
    ));
});
