import type { Atome, AtomeEvent, Client, Payload, SyncEventName } from '../../../client/src/index.js';
import type { TestApp } from '../server/app.js';

/** Comes back at once after a cut. */
export const AT_ONCE = { firstMs: 5, maxMs: 40 };

/** One alteration as the server has it. */
export type Taken = Pick<AtomeEvent, 'type' | 'seq'> & { readonly opId: string | null };

/** All alterations of a server, in their order. */
export async function takenBy(url: string): Promise<Taken[]> {
  const taken: Taken[] = [];
  for (let since = 0; ;) {
    const answer = await fetch(`${url}/api/sync/changes?since=${since}&limit=1000`);
    const { events, to, head } = (await answer.json()) as { events: Taken[]; to: number; head: number };
    taken.push(...events);
    if (to >= head) return taken;
    since = to;
  }
}

/** What a server has, as those see it that come by themselves. */
export async function stateOf({ api }: TestApp): Promise<unknown[]> {
  const atomes: Atome[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const { body } = await api.get(
      `/api/atome/list?sortBy=id&includeDeleted=true&limit=500${cursor && `&cursor=${cursor}`}`,
    );
    const page = body as { data: Atome[]; nextCursor: string | null };
    atomes.push(...page.data);
    cursor = page.nextCursor;
  }
  return atomes.map(({ id, data, meta, deletedAt }) => ({ id, data, meta, deleted: deletedAt !== null }));
}

/** The next event of a name. */
export function next<Name extends SyncEventName>(
  client: Pick<Client, 'on'>,
  name: Name,
  matches: (payload: Payload<Name>) => boolean = () => true,
): Promise<Payload<Name>> {
  return new Promise((resolve) => {
    const stop = client.on(name, (payload) => {
      if (!matches(payload)) return;
      stop();
      resolve(payload);
    });
  });
}

/** What a client shows, by id, without what only the server knows. */
export async function shownBy(client: Pick<Client, 'list'>): Promise<Record<string, unknown>> {
  const atomes = (await client.list()) as readonly Atome[];
  return Object.fromEntries(atomes.map(({ id, kind, data, meta, version }) => [id, { kind, data, meta, version }]));
}

/** Makes writes of all kinds, each of which changes something; answers with their opIds in order. */
export async function writeMixed(client: Client, count: number, from = 0): Promise<string[]> {
  const opIds: string[] = [];
  const add = async (written: Promise<{ opId: string }>): Promise<void> => void opIds.push((await written).opId);
  for (let n = from; n < from + count; n += 1) {
    const id = `a${n - (n % 10)}`;
    switch (n % 10) {
      case 0:
        await add(client.create({ id, kind: 'note', data: { n } }));
        break;
      case 3:
        await add(client.rename(id, `named ${n}`));
        break;
      case 5:
        await add(client.patch(id, { [`p${n}`]: { deep: n } }));
        break;
      case 6:
        await add(client.patch(id, [{ op: 'add', path: '/list', value: [n] }]));
        break;
      case 7:
        await add(client.tag(id, [`tag ${n}`]));
        break;
      case 8:
        await add(client.replace(id, { data: { whole: n } }));
        break;
      case 9:
        await add(n % 20 === 9 ? client.delete(id) : client.update(id, { last: n }));
        break;
      default:
        await add(client.update(id, { n }));
    }
  }
  return opIds;
}
