import type { JsonObject, JsonValue } from '@atome-sync/client';
import { nameOf, shortOf, timeText } from '../../data/names.js';
import { LIT_MS } from '../../data/workspace.js';
import { Icon } from '../../ui/icons.js';
import { KindChip } from '../../ui/kind-chip.js';
import { valueAt, type Column } from './columns.js';
import { ROW_PX, type GridProps } from './grid-props.js';
import type { Row } from './tree.js';

interface GridRowProps extends GridProps {
  readonly row: Row;
  readonly index: number;
  readonly columns: readonly Column[];
  readonly isActive: boolean;
  readonly isSelected: boolean;
  /** When others have changed it, if that was just now. */
  readonly litAt: number | undefined;
  readonly onActivate: () => void;
}

/** One atome in the table. */
export function GridRow(props: GridRowProps) {
  const { row, index, columns, isActive, isSelected, litAt, openId, query, onOpen, onToggle, onActivate } = props;
  const { atome, depth, childCount, isOpen } = row;
  const isLit = litAt !== undefined && Date.now() - litAt < LIT_MS;
  const isTree = query.mode === 'tree';
  return (
    <div
      id={`row-${index}`}
      class={`grid-row${isActive ? ' active' : ''}${isLit ? ' lit' : ''}${openId === atome.id ? ' open' : ''}`}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      aria-level={isTree ? depth + 1 : undefined}
      aria-expanded={isTree && childCount > 0 ? isOpen : undefined}
      data-id={atome.id}
      style={{ top: `${index * ROW_PX}px` }}
      onClick={(event) => {
        onActivate();
        if (event.target instanceof Element && event.target.closest('input, button')) return;
        if (event.shiftKey || event.ctrlKey || event.metaKey) onToggle([atome.id], event.shiftKey);
        else onOpen(atome.id);
      }}
    >
      <span role="gridcell" class="cell check">
        <input
          type="checkbox"
          tabIndex={-1}
          aria-label={`Select ${nameOf(atome)}`}
          checked={isSelected}
          onClick={(event) => {
            event.preventDefault();
            onToggle([atome.id], event.shiftKey);
          }}
        />
      </span>
      {columns.map(({ key }) => (
        <span key={key} role="gridcell" class={`cell ${key.replace('.', '-')}`}>
          {key === 'name' ? <Name {...props} /> : <Cell row={row} path={key} />}
        </span>
      ))}
    </div>
  );
}

function Name({ row: { atome, depth, childCount, isOpen }, query, onExpand }: GridRowProps) {
  return (
    <>
      {query.mode === 'tree' && (
        <span class="branch" style={{ marginLeft: `${Math.min(depth, 12) * 1.1}rem` }}>
          {childCount > 0 && (
            <button
              type="button"
              tabIndex={-1}
              class={`twist${isOpen ? ' is-open' : ''}`}
              aria-label={`${isOpen ? 'Close' : 'Open'} ${nameOf(atome)}`}
              onClick={() => onExpand(atome.id, !isOpen)}
            >
              <Icon name="chevron" />
            </button>
          )}
        </span>
      )}
      <span class={atome.deletedAt === null ? 'name' : 'name gone'}>{nameOf(atome)}</span>
      {childCount > 0 && <span class="count">{childCount}</span>}
      {'access' in atome && <Icon name="lock" />}
    </>
  );
}

function Cell({ row: { atome }, path }: { readonly row: Row; readonly path: string }) {
  if (path === 'content') return <span class="content">{contentOf(atome.data)}</span>;
  if (path === 'kind') return <KindChip kind={atome.kind} />;
  const value = valueAt(atome, path);
  if (path.endsWith('At') && typeof value === 'string') {
    return (
      <time dateTime={value} title={value}>
        {timeText(value)}
      </time>
    );
  }
  return <span class={`value ${typeOf(value)}`}>{shortOf(value)}</span>;
}

function typeOf(value: JsonValue | undefined): string {
  return value === null ? 'null' : typeof value;
}

/** What is in an atome besides its name, on one line. */
export function contentOf({ name, title, ...rest }: JsonObject): string {
  const more = typeof name === 'string' && title !== undefined ? { title, ...rest } : rest;
  return Object.entries(more)
    .slice(0, 12)
    .map(([key, value]) => `${key}: ${shortOf(value).slice(0, 200)}`)
    .join('  ');
}
