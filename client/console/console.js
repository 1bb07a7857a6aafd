/* The page at /: a plain user of the example, which is a plain user of the SDK. */
import {
  create,
  heldToken,
  history,
  holdToken,
  isConnected,
  list,
  remove,
  rename,
  replace,
  restore,
  watch,
} from '/examples/socket_test.js';

const MOST_EVENTS = 100;

const $ = (id) => document.getElementById(id);

/** All atomes that are known, by id. */
const atomes = new Map();
let nextCursor = null;
/** Events that come while a list is being read; they are newer than it. */
let waiting = null;
/** Whether nothing can have been missed between the list and the events. */
let complete = false;

/** An element with attributes and children; texts become text, never markup. */
function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') node.addEventListener(key, value);
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

const nameOf = ({ id, data }) => String(data.name ?? data.title ?? id);

function time(iso) {
  const at = new Date(iso);
  const today = at.toDateString() === new Date().toDateString();
  return element('time', { datetime: iso, title: iso }, today ? at.toLocaleTimeString() : at.toLocaleString());
}

/* What is known */

/** Takes note of an atome's state unless a newer one is known. */
function learn(atome) {
  const known = atomes.get(atome.id);
  if (!known || known.version <= atome.version) atomes.set(atome.id, atome);
}

/** Takes note of a deletion unless what is known is newer. */
function forget(id, deletedAt) {
  const known = atomes.get(id);
  if (!known || known.deletedAt || known.updatedAt > deletedAt) return;
  atomes.set(id, { ...known, deletedAt, updatedAt: deletedAt, version: known.version + 1 });
}

function apply(event) {
  if (event.atome) learn(event.atome);
  else if (event.type === 'atome:deleted') forget(event.atomeId, event.timestamp);
}

async function load(cursor) {
  const mine = (waiting = []);
  if (!cursor) complete = isConnected();
  const answer = await list({ includeDeleted: true, ...(cursor && { cursor }) });
  // A later call reads a later state.
  if (waiting !== mine) return;
  if (tell(answer)) {
    if (!cursor) atomes.clear();
    answer.data.forEach(learn);
    ({ nextCursor } = answer);
  }
  waiting = null;
  mine.forEach(apply);
  render();
}

/** Shows what went wrong, if anything; true when nothing did. */
function tell(answer, where = $('problem')) {
  where.textContent = answer.success ? '' : answer.error;
  if (answer.code === 'unauthenticated') $('identify').hidden = false;
  return answer.success;
}

/* What is shown */

function render() {
  const shown = [...atomes.values()]
    .filter(({ deletedAt }) => !deletedAt || $('show-deleted').checked)
    .sort((a, b) => (a.updatedAt < b.updatedAt ? 1 : -1));
  const focused = document.activeElement?.dataset.key;
  $('atomes').replaceChildren(...shown.map(item));
  $('empty').hidden = shown.length > 0;
  $('more').hidden = nextCursor === null;
  if (focused) focusAgain(focused);
}

/** The list is made anew; whoever stood on a button still stands there, or at the head of the list. */
function focusAgain(key) {
  const buttons = [...$('atomes').querySelectorAll('button')];
  (buttons.find(({ dataset }) => dataset.key === key) ?? $('atomes-title')).focus();
}

function item(atome) {
  const { id, kind, version, updatedAt, deletedAt } = atome;
  const action = (label, click) =>
    element(
      'button',
      { type: 'button', 'data-key': `${label} ${id}`, 'aria-label': `${label} ${nameOf(atome)}`, click },
      label,
    );
  const actions = deletedAt
    ? [action('Restore', () => bringBack(id, version - 1))]
    : [
        action('Edit', () => openEdit(id)),
        action('Rename', () => openRename(id)),
        action('Delete', () => takeAway(id)),
      ];
  return element(
    'li',
    { 'data-id': id, 'data-deleted': String(Boolean(deletedAt)) },
    element(
      'div',
      { class: 'about' },
      element('h3', { title: id }, nameOf(atome)),
      element('p', { class: 'quiet' }, `${kind} · version ${version} · `, time(updatedAt)),
      element('code', {}, JSON.stringify(atome.data)),
    ),
    element(
      'div',
      {},
      ...actions,
      action('History', () => openHistory(id)),
    ),
  );
}

function showStatus(text) {
  $('status').textContent = text;
  $('status').dataset.connected = String(isConnected());
}

function log(event) {
  const { type, atome, atomeId = atome?.id, alteration, error, timestamp = new Date().toISOString() } = event;
  const name = atomes.has(atomeId) ? nameOf(atomes.get(atomeId)) : atomeId;
  const details = [alteration?.operation, name, error?.message].filter(Boolean).join(' · ');
  $('events').prepend(element('li', {}, time(timestamp), ' ', element('strong', {}, type), ` ${details}`));
  while ($('events').children.length > MOST_EVENTS) $('events').lastChild.remove();
}

/* Dialogs */

/** Opens a dialog; `save` gets its fields and answers as the SDK does. It closes when that went well. */
function ask(dialog, values, save) {
  const form = dialog.querySelector('form');
  const wrong = dialog.querySelector('.wrong');
  wrong.textContent = '';
  for (const [name, value] of Object.entries(values)) form.elements[name].value = value;
  form.querySelector('[value=cancel]').onclick = () => dialog.close();
  form.onsubmit = async (submit) => {
    submit.preventDefault();
    const given = Object.keys(values).map((name) => [name, form.elements[name].value]);
    const answer = await save(Object.fromEntries(given));
    if (!tell(answer, wrong)) return;
    if (answer.atome) learn(answer.atome);
    dialog.close();
    render();
  };
  dialog.showModal();
}

function openEdit(id) {
  const { data, version } = atomes.get(id);
  ask($('edit'), { data: JSON.stringify(data, null, 2) }, (fields) => {
    try {
      return replace(id, JSON.parse(fields.data), version);
    } catch (error) {
      return { success: false, error: error.message };
    }
  });
}

function openRename(id) {
  ask($('rename'), { name: nameOf(atomes.get(id)) }, ({ name }) => rename(id, name));
}

async function takeAway(id) {
  const answer = await remove(id);
  if (tell(answer)) forget(id, answer.deletedAt);
  render();
}

async function openHistory(id) {
  const answer = await history(id);
  if (!tell(answer)) return;
  const dialog = $('history');
  dialog.querySelector('.wrong').textContent = '';
  dialog.querySelector('ol').replaceChildren(...answer.alterations.map((each, age) => past(id, each, age, dialog)));
  dialog.showModal();
}

function past(id, { version, operation, author, reason, timestamp, changes }, age, dialog) {
  const back = async () => (await bringBack(id, version, dialog.querySelector('.wrong'))) && dialog.close();
  const label = `Restore version ${version}`;
  return element(
    'li',
    {},
    element('strong', {}, `${version} · ${operation}`),
    ` by ${author}${reason ? `, because ${reason}` : ''} `,
    time(timestamp),
    ' ',
    // what is there already, or is nothing, cannot be restored
    age === 0 || operation === 'delete'
      ? ''
      : element('button', { type: 'button', 'aria-label': label, click: back }, 'Restore'),
    element('br'),
    element('code', {}, JSON.stringify(changes)),
  );
}

async function bringBack(id, version, where) {
  const answer = await restore(id, version);
  if (!tell(answer, where)) return false;
  await load();
  return true;
}

/* Going */

$('create').addEventListener('submit', async (submit) => {
  submit.preventDefault();
  const { kind, name, content } = submit.target.elements;
  const answer = await create(kind.value, { name: name.value, ...(content.value && { content: content.value }) });
  if (!tell(answer)) return;
  learn(answer.atome);
  name.value = content.value = '';
  name.focus();
  render();
});
$('identify').hidden = !heldToken();
$('identify').addEventListener('submit', (submit) => {
  submit.preventDefault();
  holdToken(submit.target.elements.token.value.trim());
});
$('forget').addEventListener('click', () => holdToken());
$('show-deleted').addEventListener('change', render);
$('more').addEventListener('click', () => load(nextCursor));

watch((event) => {
  switch (event.type) {
    case 'sync:connected':
      showStatus('Connected');
      return complete || load();
    case 'sync:disconnected':
      return showStatus('Disconnected, reconnecting …');
    case 'sync:reset':
      return load();
    case 'sync:error':
      if (!isConnected()) showStatus(event.error.message);
      if (event.error.code === 'unauthenticated') $('identify').hidden = false;
      return log(event);
    case 'atome:created':
    case 'atome:updated':
    case 'atome:altered':
    case 'atome:deleted':
      if (waiting) waiting.push(event);
      else apply(event);
      log(event);
      render();
  }
});

showStatus(isConnected() ? 'Connected' : 'Not connected');
await load();
