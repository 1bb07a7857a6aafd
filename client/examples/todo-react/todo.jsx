/* The same todos, in React. The build of the package bundles this file into todo.min.js, as an application would. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createClient, indexedDbStore } from '@atome-sync/client';
import { AtomeProvider, useAtomes, useMutation, useSyncStatus } from '@atome-sync/client/react';

// where the server is, under whatever prefix
const url = new URL('../..', import.meta.url).href;
const client = createClient({ url, store: indexedDbStore({ name: 'todo' }) });

function Todos() {
  const todos = useAtomes({ kind: 'todo' });
  const { update, delete: remove } = useMutation();
  return (
    <ul role="list">
      {todos.map(({ id, data: { title, done } }) => (
        <li key={id}>
          <label>
            <input type="checkbox" checked={done === true} onChange={() => void update(id, { done: !done })} /> {title}
          </label>
          <button aria-label={`Delete ${title}`} onClick={() => void remove(id)}>
            Delete
          </button>
        </li>
      ))}
    </ul>
  );
}

function Add() {
  const { create } = useMutation();
  const add = (event) => {
    event.preventDefault();
    const { title } = event.target.elements;
    void create({ kind: 'todo', data: { title: title.value, done: false } });
    event.target.reset();
  };
  return (
    <form onSubmit={add}>
      <label>
        Title <input name="title" required autoComplete="off" />
      </label>
      <button>Add</button>
    </form>
  );
}

function Status() {
  const { state, pending } = useSyncStatus();
  return <p role="status">{pending === 0 ? state : `${state}, ${pending} to send`}</p>;
}

createRoot(document.body).render(
  <StrictMode>
    <AtomeProvider client={client}>
      <h1>Todos in React</h1>
      <Add />
      <Todos />
      <Status />
    </AtomeProvider>
  </StrictMode>,
);

// the page itself without a network
void navigator.serviceWorker?.register(new URL('../worker.js', import.meta.url));
