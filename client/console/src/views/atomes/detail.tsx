import type { Atome } from '@atome-sync/client';
import { useEffect, useRef, useState } from 'preact/hooks';
import { nameOf, timeText } from '../../data/names.js';
import { useQuery } from '../../data/use-query.js';
import { useWorkspace } from '../../data/use-workspace.js';
import { addressOf } from '../../route.js';
import { Button } from '../../ui/button.js';
import { Icon } from '../../ui/icons.js';
import { KindChip } from '../../ui/kind-chip.js';
import { Loading } from '../../ui/states.js';
import { complain, say } from '../../ui/toasts.js';
import { DeleteDialog, MoveDialog, RenameDialog, ShareDialog } from './dialogs.js';
import { Editor } from './editor.js';
import { Gone } from './gone.js';

interface DetailProps {
  readonly id: string;
  readonly closeAddress: string;
}

/** One atome: what it holds, to be edited, and what can be done with it. */
export function Detail({ id, closeAddress }: DetailProps) {
  const { client } = useWorkspace();
  const { atomes, isRead } = useQuery(client, { ids: [id] }, id);
  const atome = atomes[0];
  const last = useRef<Atome | undefined>(undefined);
  if (atome) last.current = atome;
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => head.current?.focus({ preventScroll: true }), [isRead]);
  const shown = atome ?? last.current;
  return (
    <aside class="detail" aria-label="Detail">
      <header class="detail-head">
        <h2 ref={head} tabIndex={-1} title={id}>
          {shown ? nameOf(shown) : id}
        </h2>
        <a class="button plain bare" href={closeAddress} aria-label="Close detail" title="Close (Esc)">
          <Icon name="close" />
        </a>
      </header>
      {shown && <About atome={shown} />}
      {atome && <Actions atome={atome} />}
      {isRead && !atome && <Gone id={id} wasHere={last.current !== undefined} />}
      {/* what was being typed stays, also when the atome has gone */}
      {shown && <Editor atome={shown} isGone={!atome} />}
      {!isRead && <Loading label="Loading the atome" />}
    </aside>
  );
}

function About({ atome }: { readonly atome: Atome }) {
  const { id, kind, type, version, ownerId, parentId, createdAt, updatedAt } = atome;
  const copy = (): void => {
    navigator.clipboard.writeText(id).then(() => say('Copied the id'), complain);
  };
  return (
    <dl class="about">
      <div>
        <dt>Id</dt>
        <dd>
          <button type="button" class="copy mono" title="Copy the id" onClick={copy}>
            {id}
          </button>
        </dd>
      </div>
      <div>
        <dt>Kind</dt>
        <dd>
          <KindChip kind={kind} />
          {type !== null && <span class="chip">{type}</span>}
        </dd>
      </div>
      <div>
        <dt>Version</dt>
        <dd>{version}</dd>
      </div>
      <div>
        <dt>Owner</dt>
        <dd>{ownerId}</dd>
      </div>
      {parentId !== null && (
        <div>
          <dt>Parent</dt>
          <dd>
            <a class="mono" href={addressOf('atomes', parentId)}>
              {parentId}
            </a>
          </dd>
        </div>
      )}
      <div>
        <dt>Updated</dt>
        <dd title={`created ${createdAt}, updated ${updatedAt}`}>{timeText(updatedAt)}</dd>
      </div>
      <div>
        <dt>Access</dt>
        <dd>{accessText(atome)}</dd>
      </div>
    </dl>
  );
}

function accessText(atome: Atome): string {
  const { access = 'tenant' } = atome as { readonly access?: unknown };
  return typeof access === 'string' ? access : JSON.stringify(access);
}

type Asked = 'rename' | 'move' | 'share' | 'delete' | '';

function Actions({ atome }: { readonly atome: Atome }) {
  const [asks, setAsks] = useState<Asked>('');
  const close = (): void => setAsks('');
  return (
    <div class="actions" role="toolbar" aria-label="Actions">
      <Button icon="rename" label="Rename" onClick={() => setAsks('rename')} />
      <Button icon="move" label="Move" onClick={() => setAsks('move')} />
      <Button icon="share" label="Share" onClick={() => setAsks('share')} />
      <a class="button plain" href={addressOf('history', atome.id)}>
        <Icon name="history" />
        <span>History</span>
      </a>
      <Button icon="trash" label="Delete" tone="danger" onClick={() => setAsks('delete')} />
      {asks === 'rename' && <RenameDialog atome={atome} onClose={close} />}
      {asks === 'move' && <MoveDialog atomes={[atome]} onClose={close} />}
      {asks === 'share' && <ShareDialog atomes={[atome]} onClose={close} />}
      {asks === 'delete' && <DeleteDialog atomes={[atome]} onClose={close} />}
    </div>
  );
}
