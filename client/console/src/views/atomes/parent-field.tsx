import type { Atome } from '@atome-sync/client';
import { useId } from 'preact/hooks';
import { nameOf } from '../../data/names.js';
import { useQuery } from '../../data/use-query.js';
import { useWorkspace } from '../../data/use-workspace.js';

/** As many are offered; the id of any other can be typed. */
const OFFERED = 300;

interface ParentFieldProps {
  readonly label: string;
  readonly first?: string;
}

/** A field `parentId`, which offers those that changed last. */
export function ParentField({ label, first = '' }: ParentFieldProps) {
  const { client } = useWorkspace();
  const { atomes } = useQuery(client, { sort: '-updatedAt', limit: OFFERED }, 'parents');
  const list = useId();
  return (
    <label class="field">
      {label}
      <input
        name="parentId"
        class="mono"
        list={list}
        defaultValue={first}
        autocomplete="off"
        placeholder="id of an atome"
      />
      <datalist id={list}>
        {atomes.map((atome: Atome) => (
          <option key={atome.id} value={atome.id}>
            {nameOf(atome)}
          </option>
        ))}
      </datalist>
    </label>
  );
}
