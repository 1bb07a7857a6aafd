import type { Atome } from '@atome-sync/client';
import { useMemo, useRef, useState } from 'preact/hooks';
import { useQuery } from '../../data/use-query.js';
import { useValue } from '../../data/value.js';
import { useWorkspace } from '../../data/use-workspace.js';
import { addressOf, go, route } from '../../route.js';
import { useKeys } from '../../ui/keys.js';
import { BulkBar } from './bulk-bar.js';
import { CreateDialog } from './create-dialog.js';
import { DeletedList } from './deleted-list.js';
import { DeleteDialog } from './dialogs.js';
import { Detail } from './detail.js';
import { Grid } from './grid.js';
import { ask, listQueryOf, parametersOf, readFilter, sdkQueryOf, type ListQuery } from './list-query.js';
import { NoAtomes } from './no-atomes.js';
import { Toolbar } from './toolbar.js';
import { tableRows, treeRows } from './tree.js';

/** All atomes that are here: in a table or as a tree, with one of them open beside it. */
export function AtomesView() {
  const { client } = useWorkspace();
  const now = useValue(route);
  const query = listQueryOf(now);
  const filter = useMemo(() => readFilter(query.filter), [query.filter]);
  const { kind, search, sort } = query;
  const live = useQuery(client, sdkQueryOf(query, filter), JSON.stringify([kind, search, sort, filter.where]));
  const [isCreating, setCreating] = useState(false);
  const change = (next: Partial<ListQuery>): void => ask(now.id, query, next);
  useKeys({
    n: () => setCreating(true),
    '/': () => document.querySelector<HTMLInputElement>('#search')?.focus(),
    Escape: () => now.id && go('atomes', '', parametersOf(query)),
  });
  return (
    <div class={now.id ? 'split is-open' : 'split'}>
      <section class="list" aria-label="Atomes">
        <Toolbar query={query} filter={filter} live={live} onChange={change} onCreate={() => setCreating(true)} />
        {query.mode === 'deleted' ? (
          <DeletedList query={query} filter={filter} openId={now.id} />
        ) : (
          <LiveList atomes={live.atomes} isRead={live.isRead} query={query} openId={now.id} onChange={change} />
        )}
      </section>
      {now.id && <Detail key={now.id} id={now.id} closeAddress={addressOf('atomes', '', parametersOf(query))} />}
      {isCreating && <CreateDialog kind={query.kind} onClose={() => setCreating(false)} />}
    </div>
  );
}

interface LiveListProps {
  readonly atomes: readonly Atome[];
  readonly isRead: boolean;
  readonly query: ListQuery;
  readonly openId: string;
  readonly onChange: (next: Partial<ListQuery>) => void;
}

function LiveList({ atomes, isRead, query, openId, onChange }: LiveListProps) {
  const { lit, isComplete } = useWorkspace();
  const [expanded, setExpanded] = useState<ReadonlySet<string>>(new Set());
  const [deleting, setDeleting] = useState<readonly Atome[]>([]);
  const isTree = query.mode === 'tree';
  const rows = useMemo(() => (isTree ? treeRows(atomes, expanded) : tableRows(atomes)), [atomes, expanded, isTree]);
  const { selected, toggle, clear } = useSelection(rows.map(({ atome }) => atome.id));
  const lights = useValue(lit);
  const isWhole = useValue(isComplete);
  if (rows.length === 0) return <NoAtomes query={query} isRead={isRead && isWhole} onChange={onChange} />;
  const some = (ids: readonly string[]): readonly Atome[] => {
    const wanted = new Set(ids);
    return atomes.filter(({ id }) => wanted.has(id));
  };
  const expand = (id: string, isOpen: boolean): void => {
    const next = new Set(expanded);
    if (isOpen) next.add(id);
    else next.delete(id);
    setExpanded(next);
  };
  return (
    <>
      <Grid
        rows={rows}
        query={query}
        selected={selected}
        lit={lights}
        openId={openId}
        onSort={(sort) => onChange({ sort: sort === 'content' ? 'name' : sort })}
        onOpen={(id) => go('atomes', id, parametersOf(query))}
        onToggle={toggle}
        onExpand={expand}
        onDelete={(ids) => setDeleting(some(ids))}
      />
      {selected.size > 0 && <BulkBar atomes={some([...selected])} onClear={clear} onDelete={setDeleting} />}
      {deleting.length > 0 && <DeleteDialog atomes={deleting} onClose={() => setDeleting([])} onDone={clear} />}
    </>
  );
}

/** Which rows are chosen: one by one, or all between two. What is not shown any more is not chosen either. */
function useSelection(ids: readonly string[]) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const last = useRef('');
  const shown = useMemo(() => {
    if (chosen.size === 0) return chosen;
    return new Set(ids.filter((id) => chosen.has(id)));
  }, [ids, chosen]);
  const toggle = (some: readonly string[], isRange: boolean): void => {
    const next = new Set(shown);
    const [from, to] = [ids.indexOf(last.current), ids.indexOf(some[0] ?? '')].sort((a, b) => a - b) as [
      number,
      number,
    ];
    if (isRange && from >= 0) ids.slice(from, to + 1).forEach((id) => next.add(id));
    else for (const id of some) if (!next.delete(id)) next.add(id);
    last.current = some[0] ?? '';
    setChosen(next);
  };
  return { selected: shown, toggle, clear: () => setChosen(new Set()) };
}
