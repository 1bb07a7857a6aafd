import type { Atome } from '@atome-sync/client';
import { useEffect, useState } from 'preact/hooks';
import type { FilterText } from '../../data/filter-text.js';
import { useWorkspace } from '../../data/use-workspace.js';
import { go } from '../../route.js';
import { Button } from '../../ui/button.js';
import { useLoad } from '../../ui/load.js';
import { Blank, Loading } from '../../ui/states.js';
import { complain } from '../../ui/toasts.js';
import { Grid } from './grid.js';
import { parametersOf, type ListQuery } from './list-query.js';
import { tableRows } from './tree.js';
import { restore } from './actions.js';

interface DeletedListProps {
  readonly query: ListQuery;
  readonly filter: FilterText;
  readonly openId: string;
}

const PAGE = 200;
const NONE: ReadonlySet<string> = new Set();
const UNLIT: ReadonlyMap<string, number> = new Map();

/** What is deleted, as the server has it: the copy that is here has none of it. */
export function DeletedList({ query, filter, openId }: DeletedListProps) {
  const { client } = useWorkspace();
  const { atomes, error, again, more } = useDeleted(query, filter);
  const [selected, setSelected] = useState<ReadonlySet<string>>(NONE);
  if (error) {
    return (
      <Blank icon="cloud" title="They cannot be read">
        <p>{error.message}</p>
        <Button icon="refresh" label="Try again" tone="main" onClick={again} />
      </Blank>
    );
  }
  if (!atomes) return <Loading label="Loading deleted atomes" rows={10} />;
  if (atomes.length === 0) {
    return (
      <Blank icon="trash" title="Nothing is deleted">
        <p>What is deleted can be brought back from here.</p>
      </Blank>
    );
  }
  const bringBack = async (): Promise<void> => {
    for (const { id, version } of atomes.filter((atome) => selected.has(atome.id)))
      await restore(client, id, version - 1).catch(complain);
    setSelected(NONE);
    await client.flush();
    again();
  };
  const toggle = (ids: readonly string[]): void => {
    const next = new Set(selected);
    for (const id of ids) if (!next.delete(id)) next.add(id);
    setSelected(next);
  };
  return (
    <>
      <Grid
        rows={tableRows(atomes)}
        query={query}
        selected={selected}
        lit={UNLIT}
        openId={openId}
        onSort={() => undefined}
        onOpen={(id) => go('atomes', id, parametersOf(query))}
        onToggle={toggle}
        onExpand={() => undefined}
        onDelete={() => undefined}
      />
      {(more ?? selected.size > 0) && (
        <div class="bulk" role="toolbar" aria-label="Deleted atomes">
          <strong>{selected.size} selected</strong>
          <span class="grow" />
          {selected.size > 0 && (
            <Button icon="restore" label="Restore" about="selected" onClick={() => void bringBack()} />
          )}
          {more && <Button label="Load more" onClick={more} />}
        </div>
      )}
    </>
  );
}

/** The deleted atomes, page by page, anew whenever another is deleted or comes back. */
function useDeleted({ kind, search }: ListQuery, filter: FilterText) {
  const { remote, client } = useWorkspace();
  const [later, setLater] = useState<readonly Atome[]>([]);
  const [cursor, setCursor] = useState<string | null>(null);
  const page = async (from?: string) => {
    const answer = await remote.list({
      ...(kind && { kind }),
      ...(search && { search }),
      ...(from !== undefined && { cursor: from }),
      where: { deletedAt: { ne: null }, ...(filter.where && { and: [filter.where] }) },
      includeDeleted: true,
      count: false,
      limit: PAGE,
    });
    if (!answer.success) throw new Error(answer.error);
    setCursor(answer.nextCursor);
    return answer.data;
  };
  const { value, error, again } = useLoad(JSON.stringify(['deleted', kind, search, filter.where]), () => {
    setLater([]);
    return page();
  });
  useEffect(() => {
    const ends = (['atome:deleted', 'atome:altered', 'atome:updated'] as const).map((type) => client.on(type, again));
    return () => ends.forEach((end) => end());
  }, [client, again]);
  const more =
    cursor === null ? undefined : () => void page(cursor).then((found) => setLater([...later, ...found]), complain);
  return { atomes: value && [...value, ...later], error, again, more };
}
