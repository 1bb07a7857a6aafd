import type { Atome } from '@atome-sync/client';
import { useState } from 'preact/hooks';
import type { FilterText } from '../../data/filter-text.js';
import { countText } from '../../data/names.js';
import { useKinds } from '../../data/use-kinds.js';
import { Button } from '../../ui/button.js';
import { Icon, type IconName } from '../../ui/icons.js';
import { pathsIn } from './columns.js';
import type { ListQuery, Mode } from './list-query.js';

interface ToolbarProps {
  readonly query: ListQuery;
  readonly filter: FilterText;
  readonly live: { readonly atomes: readonly Atome[]; readonly isRead: boolean };
  readonly onChange: (next: Partial<ListQuery>) => void;
  readonly onCreate: () => void;
}

const MODES: readonly (readonly [Mode, string, IconName])[] = [
  ['table', 'Table', 'table'],
  ['tree', 'Tree', 'tree'],
  ['deleted', 'Deleted', 'trash'],
];

/** What is shown of the atomes: kind, search, filter, columns and form. */
export function Toolbar({ query, filter, live, onChange, onCreate }: ToolbarProps) {
  const [isFiltering, setFiltering] = useState(query.filter !== '');
  const { atomes, isRead } = live;
  return (
    <header class="toolbar">
      <div class="toolbar-row">
        <h1>
          Atomes
          {isRead && query.mode !== 'deleted' && (
            <span class="count" data-testid="count">
              {countText(atomes.length)}
            </span>
          )}
        </h1>
        <div class="segments" role="group" aria-label="Show as">
          {MODES.map(([mode, label, icon]) => (
            <Button
              key={mode}
              icon={icon}
              label={label}
              isBare
              isPressed={query.mode === mode}
              onClick={() => onChange({ mode })}
            />
          ))}
        </div>
        <span class="grow" />
        <Button icon="plus" label="New" tone="main" hint="N" onClick={onCreate} />
      </div>
      <div class="toolbar-row">
        <Kinds kind={query.kind} onChange={onChange} />
        <label class="field-with-icon grow">
          <span class="unseen">Search</span>
          <Icon name="search" />
          <input
            id="search"
            type="search"
            placeholder="Search in names and content"
            value={query.search}
            onInput={({ currentTarget }) => onChange({ search: currentTarget.value })}
          />
          <kbd>/</kbd>
        </label>
        <Button
          icon="filter"
          label="Filter"
          isExpanded={isFiltering}
          isPressed={query.filter !== ''}
          onClick={() => setFiltering(!isFiltering)}
        />
        {query.mode === 'table' && <Columns query={query} atomes={atomes} onChange={onChange} />}
      </div>
      {isFiltering && (
        <FilterField filter={filter} text={query.filter} onChange={(text) => onChange({ filter: text })} />
      )}
    </header>
  );
}

function Kinds({ kind, onChange }: Pick<ToolbarProps, 'onChange'> & { readonly kind: string }) {
  const kinds = useKinds();
  const names = [...new Set([...kinds.counts.keys(), ...(kind ? [kind] : [])])].sort();
  return (
    <label class="select">
      <span class="unseen">Kind</span>
      <select value={kind} onChange={({ currentTarget }) => onChange({ kind: currentTarget.value })}>
        <option value="">All kinds</option>
        {names.map((name) => (
          <option key={name} value={name}>
            {`${name} (${countText(kinds.counts.get(name) ?? 0)})`}
          </option>
        ))}
      </select>
    </label>
  );
}

interface FilterFieldProps {
  readonly text: string;
  readonly filter: FilterText;
  readonly onChange: (text: string) => void;
}

/** A field for a condition in the server's language, or its short form. */
export function FilterField({ text, filter, onChange }: FilterFieldProps) {
  const fault = filter.where === undefined ? filter.fault : undefined;
  return (
    <div class="filter">
      <label class="field-with-icon grow">
        <span class="unseen">Condition</span>
        <Icon name="filter" />
        <input
          class="mono"
          placeholder={'done = false and size >= 5 and title ~ milk, or {"data.done":false}'}
          spellcheck={false}
          autocomplete="off"
          value={text}
          aria-invalid={fault !== undefined}
          aria-describedby="filter-said"
          onInput={({ currentTarget }) => onChange(currentTarget.value)}
        />
      </label>
      <p id="filter-said" class={fault ? 'fault' : 'said'} role={fault ? 'alert' : undefined}>
        {fault ?? (filter.where && <code>{JSON.stringify(filter.where)}</code>)}
      </p>
    </div>
  );
}

function Columns({
  query,
  atomes,
  onChange,
}: Pick<ToolbarProps, 'query' | 'onChange'> & { readonly atomes: readonly Atome[] }) {
  const paths = [...new Set([...query.columns, ...pathsIn(atomes)])].slice(0, 24);
  const toggle = (path: string): void =>
    onChange({
      columns: query.columns.includes(path) ? query.columns.filter((each) => each !== path) : [...query.columns, path],
    });
  return (
    <details class="menu">
      <summary class="button plain">
        <Icon name="columns" />
        <span>Columns</span>
      </summary>
      <div class="menu-body" role="group" aria-label="Columns">
        {paths.map((path) => (
          <label key={path} class="option">
            <input type="checkbox" checked={query.columns.includes(path)} onChange={() => toggle(path)} />
            {path.replace(/^data\./, '')}
          </label>
        ))}
        {paths.length === 0 && <p class="quiet">There are no keys to show.</p>}
      </div>
    </details>
  );
}
