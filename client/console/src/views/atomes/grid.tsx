import { useRef, useState } from 'preact/hooks';
import { Icon } from '../../ui/icons.js';
import { useWindow } from '../../ui/virtual-list.js';
import { columnsOf, type Column } from './columns.js';
import { ROW_PX, type GridProps } from './grid-props.js';
import { GridRow } from './grid-row.js';
import type { Row } from './tree.js';

/** Height of the head, in pixels. */
const HEAD_PX = 34;

/** A table of any length, by keyboard too: arrows move, Space selects, Enter opens, Delete deletes. */
export function Grid(props: GridProps) {
  const { rows, query, selected, openId } = props;
  const { scroller, shown, reveal } = useWindow(rows.length, ROW_PX);
  const [activeId, setActive] = useState('');
  const place = useRef(0);
  const at = rows.findIndex(({ atome }) => atome.id === activeId);
  if (at >= 0) place.current = at;
  const active = Math.min(at >= 0 ? at : place.current, rows.length - 1);
  const columns = columnsOf(query, openId !== '');
  const isTree = query.mode === 'tree';

  const move = (to: number): void => {
    const next = Math.max(0, Math.min(rows.length - 1, to));
    setActive(rows[next]?.atome.id ?? '');
    reveal(next, HEAD_PX);
  };
  const press = (event: KeyboardEvent): void => {
    if (event.target !== event.currentTarget) return;
    const row = rows[active];
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW_PX) - 2);
    const run = row && keysOf(row, props, { active, page, last: rows.length - 1, move })[event.key];
    if (!run) return;
    event.preventDefault();
    run(event);
  };
  const { first, count } = shown;
  return (
    <div
      ref={scroller}
      class="grid"
      role={isTree ? 'treegrid' : 'grid'}
      aria-label="Atomes"
      aria-rowcount={rows.length + 1}
      aria-multiselectable="true"
      aria-activedescendant={rows[active] ? `row-${active}` : undefined}
      tabIndex={0}
      onKeyDown={press}
      style={{ '--columns': columns.map(({ width }) => width).join(' '), '--least': `${columns.length * 7.5}rem` }}
    >
      <Head {...props} columns={columns} />
      <div class="grid-body" role="rowgroup" style={{ height: `${rows.length * ROW_PX}px` }}>
        {rows.slice(first, first + count).map((row, offset) => (
          <GridRow
            key={row.atome.id}
            {...props}
            row={row}
            index={first + offset}
            columns={columns}
            isActive={first + offset === active}
            isSelected={selected.has(row.atome.id)}
            litAt={props.lit.get(row.atome.id)}
            onActivate={() => setActive(row.atome.id)}
          />
        ))}
      </div>
    </div>
  );
}

interface Steps {
  readonly active: number;
  readonly page: number;
  readonly last: number;
  readonly move: (to: number) => void;
}

type Run = (event: KeyboardEvent) => void;

function keysOf({ atome, childCount, isOpen }: Row, props: GridProps, steps: Steps): Readonly<Record<string, Run>> {
  const { active, page, last, move } = steps;
  const { id } = atome;
  return {
    ArrowDown: () => move(active + 1),
    ArrowUp: () => move(active - 1),
    j: () => move(active + 1),
    k: () => move(active - 1),
    PageDown: () => move(active + page),
    PageUp: () => move(active - page),
    Home: () => move(0),
    End: () => move(last),
    Enter: () => props.onOpen(id),
    ' ': (event) => props.onToggle([id], event.shiftKey),
    x: (event) => props.onToggle([id], event.shiftKey),
    Delete: () => props.onDelete(props.selected.size > 0 ? [...props.selected] : [id]),
    Backspace: () => props.onDelete(props.selected.size > 0 ? [...props.selected] : [id]),
    ArrowRight: () => childCount > 0 && !isOpen && props.onExpand(id, true),
    ArrowLeft: () => isOpen && props.onExpand(id, false),
  };
}

function Head({
  rows,
  query,
  selected,
  onSort,
  onToggle,
  columns,
}: GridProps & { readonly columns: readonly Column[] }) {
  const isAll = rows.length > 0 && selected.size >= rows.length;
  return (
    <div class="grid-head" role="row" aria-rowindex={1}>
      <span role="columnheader" class="cell check">
        <input
          type="checkbox"
          aria-label="Select all"
          checked={isAll}
          ref={(box) => {
            if (box) box.indeterminate = selected.size > 0 && !isAll;
          }}
          onChange={() =>
            onToggle(isAll ? [...selected] : rows.map(({ atome }) => atome.id).filter((id) => !selected.has(id)), false)
          }
        />
      </span>
      {columns.map(({ key, label }) => {
        const isDown = query.sort === `-${key}`;
        const isSorted = isDown || query.sort === key;
        return (
          <span
            key={key}
            role="columnheader"
            class={`cell ${key.replace('.', '-')}`}
            aria-sort={isSorted ? (isDown ? 'descending' : 'ascending') : undefined}
          >
            <button type="button" class="sort" onClick={() => onSort(query.sort === key ? `-${key}` : key)}>
              {label}
              {isSorted && <Icon name={isDown ? 'down' : 'up'} />}
            </button>
          </span>
        );
      })}
    </div>
  );
}
