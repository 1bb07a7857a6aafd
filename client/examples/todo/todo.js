/*
 * Todos that survive airplane mode: add some without a network, load the page again, and they are still there; with a
 * network, all windows have them. No bundler, no framework.
 */
import { createClient, indexedDbStore } from '../../client.js';

// where the server is, under whatever prefix
const url = new URL('../..', import.meta.url).href;
const client = createClient({ url, store: indexedDbStore({ name: 'todo' }) });
const $ = (id) => document.getElementById(id);

client.watch({ kind: 'todo' }, (todos) => $('todos').replaceChildren(...todos.map(item)));

function item({ id, data }) {
  const done = Object.assign(document.createElement('input'), { type: 'checkbox', checked: data.done === true });
  done.addEventListener('change', () => client.update(id, { done: done.checked }));
  const label = document.createElement('label');
  label.append(done, ' ', String(data.title));
  const remove = Object.assign(document.createElement('button'), { textContent: 'Delete' });
  remove.setAttribute('aria-label', `Delete ${data.title}`);
  remove.addEventListener('click', () => client.delete(id));
  const li = document.createElement('li');
  li.append(label, remove);
  return li;
}

$('add').addEventListener('submit', (event) => {
  event.preventDefault();
  const { title } = event.target.elements;
  void client.create({ kind: 'todo', data: { title: title.value, done: false } });
  event.target.reset();
});

client.on('sync:status', ({ state, pending }) => {
  $('status').textContent = pending === 0 ? state : `${state}, ${pending} to send`;
});
client.on('sync:error', ({ error }) => {
  // being offline is no problem here
  if (error.code === 'storage' || error.code === 'outdated') $('problem').textContent = error.message;
});
client.on('sync:rejected', ({ operation, error }) => {
  $('problem').textContent = `The server refused ${operation.operation}: ${error.message}`;
});

// the page itself without a network
void navigator.serviceWorker?.register(new URL('../worker.js', import.meta.url));
