import type { Atome } from '@atome-sync/client';
import { useState } from 'preact/hooks';
import { countText } from '../../data/names.js';
import { Button } from '../../ui/button.js';
import { MoveDialog, ShareDialog } from './dialogs.js';

interface BulkBarProps {
  readonly atomes: readonly Atome[];
  readonly onClear: () => void;
  readonly onDelete: (atomes: readonly Atome[]) => void;
}

/** What can be done with all that are selected. */
export function BulkBar({ atomes, onClear, onDelete }: BulkBarProps) {
  const [asks, setAsks] = useState<'move' | 'share' | ''>('');
  const close = (): void => setAsks('');
  return (
    <div class="bulk" role="toolbar" aria-label="Selected atomes">
      <strong>{countText(atomes.length)} selected</strong>
      <span class="grow" />
      <Button icon="move" label="Move" about="selected" onClick={() => setAsks('move')} />
      <Button icon="share" label="Share" about="selected" onClick={() => setAsks('share')} />
      <Button icon="trash" label="Delete" about="selected" tone="danger" onClick={() => onDelete(atomes)} />
      <Button icon="close" label="Clear selection" isBare onClick={onClear} />
      {asks === 'move' && <MoveDialog atomes={atomes} onClose={close} />}
      {asks === 'share' && <ShareDialog atomes={atomes} onClose={close} />}
    </div>
  );
}
