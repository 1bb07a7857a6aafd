import { createElement, StrictMode, type ReactElement } from 'react';
import { createClient, type AnyKinds, type Client } from '../../../client/src/index.js';
import { AtomeProvider, useAtome, useAtomes, useMutation, useSyncStatus } from '../../../client/src/react.js';

/* A page of React, rendered on the server and in the browser. */

/** A client that counts what is asked of it. */
export interface Counted {
  readonly client: Client;
  /** How often a result was listened to, and how often that was ended. */
  readonly listened: { begun: number; ended: number };
}

export function countedClient(url: string): Counted {
  const client = createClient({ url });
  const listened = { begun: 0, ended: 0 };
  const watch = ((query: Parameters<Client['watch']>[0]) => {
    const live = client.watch(query);
    return {
      getSnapshot: () => live.getSnapshot(),
      subscribe(run: () => void) {
        const stop = live.subscribe(run);
        listened.begun += 1;
        return () => {
          listened.ended += 1;
          stop();
        };
      },
    };
  }) as Client['watch'];
  return { client: { ...client, watch }, listened };
}

/** How often each part was rendered. */
export const renders = { list: 0, one: 0 };

const titleOf = (data?: { readonly title?: unknown }): string => (typeof data?.title === 'string' ? data.title : '');

function List(): ReactElement {
  renders.list += 1;
  const todos = useAtomes({ kind: 'todo', sort: 'data.title' });
  return createElement(
    'ul',
    null,
    todos.map(({ id, data }) => createElement('li', { key: id }, titleOf(data))),
  );
}

function One(): ReactElement {
  renders.one += 1;
  return createElement('p', null, titleOf(useAtome('one')?.data));
}

function Bar(): ReactElement {
  const { create } = useMutation();
  const { state, pending } = useSyncStatus();
  return createElement(
    'footer',
    null,
    createElement('output', null, `${state} ${pending}`),
    createElement('button', { onClick: () => void create({ kind: 'todo', data: { title: 'Milk' } }) }, 'Add'),
  );
}

/** The page. */
export function page(client: Client, show = true): ReactElement {
  const parts = show ? [List, One, Bar] : [];
  const children = parts.map((part) => createElement(part, { key: part.name }));
  return createElement(StrictMode, null, createElement(AtomeProvider<AnyKinds>, { client }, children));
}
