import { useEffect, useState } from 'preact/hooks';
import type { Schema } from './validate.js';
import { atMostEvery } from './value.js';
import { useWorkspace } from './use-workspace.js';
import { useLoad } from '../ui/load.js';

/** What is told of a kind. */
export interface KindInfo {
  readonly schema: Schema | null;
  readonly defaults: Readonly<Record<string, unknown>>;
  readonly readonly: readonly string[];
  readonly immutable: readonly string[];
}

/** The kinds that the application has declared, and how many atomes there are of each that is used. */
export interface KindsKnown {
  readonly counts: ReadonlyMap<string, number>;
  readonly declared: Readonly<Record<string, KindInfo>>;
}

/** How often kinds are counted at most, in milliseconds. */
const COUNT_MS = 400;

export function useKinds(): KindsKnown {
  const { client, session } = useWorkspace();
  const [counts, setCounts] = useState<ReadonlyMap<string, number>>(new Map());
  useEffect(() => {
    let kinds: readonly { readonly kind: string }[] = [];
    const { call, stop } = atMostEvery(COUNT_MS, () => setCounts(countsOf(kinds)));
    const end = client.watch({}, (atomes) => {
      kinds = atomes;
      call();
    });
    return () => {
      stop();
      end();
    };
  }, [client]);
  const { value } = useLoad('schema', () =>
    session.api.get<{ kinds: Readonly<Record<string, KindInfo>> }>('api/schema'),
  );
  return { counts, declared: value?.kinds ?? {} };
}

function countsOf(atomes: readonly { readonly kind: string }[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { kind } of atomes) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}
