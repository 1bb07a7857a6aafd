import { describe, expect, it } from '@jest/globals';
import { createElement, type ReactElement } from 'react';
import { renderToString } from 'react-dom/server';
import { MemoryNetwork } from '../../client/src/connection/memory-transport.js';
import { createClient, type AnyKinds } from '../../client/src/index.js';
import * as react from '../../client/src/react.js';

const { AtomeProvider, useAtome, useAtomes, useMutation, useQuery, useSyncStatus } = react;

function Page(): ReactElement {
  const { create } = useMutation();
  const shown = [
    useAtomes({ kind: 'note' }).length,
    useAtome('a'),
    useSyncStatus().state,
    typeof create,
    useQuery().state,
  ];
  return createElement('p', null, shown.map(String).join(' '));
}

it('/react exports these names', () => {
  const names = ['AtomeProvider', 'typedHooks', 'useAtome', 'useAtomes', 'useMutation', 'useQuery', 'useSyncStatus'];
  expect(Object.keys(react).sort()).toEqual(names);
});

describe('the hooks on a server', () => {
  it('show nothing yet, and connect nowhere', async () => {
    const network = new MemoryNetwork();
    const client = createClient({ dial: network.dial });
    expect(renderToString(createElement(AtomeProvider<AnyKinds>, { client }, createElement(Page)))).toBe(
      '<p>0 null connecting function loading</p>',
    );
    await client.close();
    expect(network.peers).toEqual([]);
  });

  it('say what is missing without a provider', () => {
    expect(() => renderToString(createElement(Page))).toThrow('put <AtomeProvider client={…}> around');
  });
});
