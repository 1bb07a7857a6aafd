import type { Atome } from '@atome-sync/client';
import { useState } from 'preact/hooks';
import { nameOf, wholeNameOf } from '../../data/names.js';
import { useWorkspace } from '../../data/use-workspace.js';
import { Ask } from '../../ui/dialog.js';
import { accessOf, remove } from './actions.js';
import { ParentField } from './parent-field.js';

interface AboutOne {
  readonly atome: Atome;
  readonly onClose: () => void;
}

interface AboutSome {
  readonly atomes: readonly Atome[];
  readonly onClose: () => void;
}

/** Asks for another name. */
export function RenameDialog({ atome, onClose }: AboutOne) {
  const { client } = useWorkspace();
  return (
    <Ask
      title="Rename"
      action="Rename"
      onClose={onClose}
      onDo={(form) => client.rename(atome.id, form.get('name') as string, reasonIn(form))}
    >
      <label class="field">
        New name
        <input name="name" defaultValue={wholeNameOf(atome)} required autofocus autocomplete="off" />
      </label>
      <ReasonField />
    </Ask>
  );
}

/** Asks below which atome they shall be. */
export function MoveDialog({ atomes, onClose }: AboutSome) {
  const { client } = useWorkspace();
  const move = async (form: FormData): Promise<void> => {
    const parentId = (form.get('parentId') as string).trim() || null;
    for (const { id } of atomes) await client.replace(id, { parentId }, reasonIn(form));
  };
  return (
    <Ask title={`Move ${titleOf(atomes)}`} action="Move" onClose={onClose} onDo={move}>
      <ParentField label="New parent, empty for none" first={atomes[0]?.parentId ?? ''} />
      <ReasonField />
    </Ask>
  );
}

/** Asks who may read and write them. */
export function ShareDialog({ atomes, onClose }: AboutSome) {
  const { client } = useWorkspace();
  const access = (atomes[0] as { readonly access?: unknown } | undefined)?.access ?? 'tenant';
  const lists = typeof access === 'object' ? (access as { read: string[]; write: string[] }) : { read: [], write: [] };
  const [how, setHow] = useState(typeof access === 'string' ? access : 'named');
  const share = async (form: FormData): Promise<void> => {
    const asked = accessOf(how, (form.get('read') ?? '') as string, (form.get('write') ?? '') as string);
    for (const { id } of atomes) await client.share(id, asked, reasonIn(form));
  };
  return (
    <Ask title={`Share ${titleOf(atomes)}`} action="Share" onClose={onClose} onDo={share}>
      <label class="field">
        Who may read and write, besides owner and admins
        <select value={how} onChange={({ currentTarget }) => setHow(currentTarget.value)}>
          <option value="tenant">Everybody in the tenant</option>
          <option value="private">Nobody else</option>
          <option value="inherit">Whoever may its parent</option>
          <option value="named">Those who are named</option>
        </select>
      </label>
      {how === 'named' && (
        <>
          <label class="field">
            May read
            <input name="read" class="mono" placeholder="group:staff, ann" defaultValue={lists.read.join(', ')} />
          </label>
          <label class="field">
            May read and write
            <input name="write" class="mono" placeholder="bob" defaultValue={lists.write.join(', ')} />
          </label>
        </>
      )}
      <ReasonField />
    </Ask>
  );
}

/** Asks whether they shall be deleted. */
export function DeleteDialog({ atomes, onClose, onDone }: AboutSome & { readonly onDone?: () => void }) {
  const { client } = useWorkspace();
  const run = async (form: FormData): Promise<void> => {
    await remove(client, atomes, reasonIn(form).reason);
    onDone?.();
  };
  return (
    <Ask title={`Delete ${titleOf(atomes)}?`} action="Delete" tone="danger" onClose={onClose} onDo={run}>
      <p class="quiet">Deleting is soft: the history stays, and you can restore it.</p>
      <ReasonField />
    </Ask>
  );
}

/** A field for the reason, which the history keeps. */
export function ReasonField() {
  return (
    <label class="field">
      Reason <span class="quiet">for the history, may be empty</span>
      <input name="reason" autocomplete="off" />
    </label>
  );
}

function reasonIn(form: FormData): { readonly reason?: string } {
  const reason = ((form.get('reason') ?? '') as string).trim();
  return reason ? { reason } : {};
}

function titleOf(atomes: readonly Atome[]): string {
  return atomes.length === 1 ? nameOf(atomes[0]!) : `${atomes.length} atomes`;
}
