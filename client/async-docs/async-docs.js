/*
 * The WebSocket as the AsyncAPI document of this server describes it, with a connection to try it on. All addresses are
 * relative: the page works below a prefix that a proxy takes away.
 */
const $ = (id) => document.getElementById(id);
const at = (path) => new URL(path, document.baseURI);
/** How many frames are shown; the oldest go first. */
const FRAMES = 200;

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** Text in which code stands between backticks. */
function prose(text = '') {
  return text.split('`').map((part, index) => (index % 2 ? element('code', { textContent: part }) : part));
}

const api = await (await fetch(at('asyncapi.json'))).json();
const { messages, schemas } = api.components;
const nameOf = ({ $ref }) => $ref.split('/').pop();
const resolve = (schema) => (schema.$ref ? schemas[nameOf(schema)] : schema);

/** What a value is, in a few words. */
function typeOf(schema) {
  if (schema.$ref) return nameOf(schema);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const either = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (either) return [...new Set(either.map(typeOf))].join(' | ');
  if (schema.type === 'array') return `${typeOf(schema.items ?? {})}[]`;
  return [schema.type ?? 'any'].flat().join(' | ') + (schema.format ? ` (${schema.format})` : '');
}

/** The types that a schema names, each once: they open where they are named. */
function namedIn(schema) {
  if (schema.$ref) return [schema];
  const parts = [schema.anyOf, schema.oneOf, schema.allOf, schema.items, schema.additionalProperties];
  return parts.flat().flatMap((part) => (part && typeof part === 'object' ? namedIn(part) : []));
}

/** The fields of an object, as a table; types that it names open below. */
function fields(schema, seen = []) {
  const either = schema.anyOf ?? schema.oneOf;
  if (either) return either.map((part) => element('div', { className: 'either' }, ...fields(resolve(part), seen)));
  if (!schema.properties)
    return [element('p', {}, ...prose(schema.description), ' ', element('code', { textContent: typeOf(schema) }))];
  const rows = Object.entries(schema.properties).map(([name, property]) => row(name, property, schema, seen));
  return [element('table', {}, element('tbody', {}, ...rows))];
}

function row(name, property, { required = [] }, seen) {
  const types = namedIn(property).filter((named) => !seen.includes(named.$ref));
  const opened = types.map((named) => lazily(nameOf(named), () => fields(resolve(named), [...seen, named.$ref])));
  return element(
    'tr',
    {},
    element('th', { scope: 'row' }, element('code', { textContent: name }), required.includes(name) ? '' : '?'),
    element(
      'td',
      {},
      element('code', { textContent: typeOf(property) }),
      ' ',
      ...prose(property.description),
      ...opened,
    ),
  );
}

/** What opens is made when it is opened: types may name each other. */
function lazily(title, make) {
  const details = element('details', {}, element('summary', { textContent: title }));
  details.addEventListener('toggle', () => details.append(...make()), { once: true });
  return details;
}

function describe({ action, summary, messages: refs }) {
  const list = refs.map((ref) => {
    const { name, summary: about, payload, examples = [] } = messages[nameOf(ref)];
    const title = element('summary', {}, element('code', { textContent: name }), ' ', ...prose(about));
    const details = element('details', { className: 'message' }, title);
    const open = () => {
      details.append(...fields(resolve(payload)), ...examples.map((example) => exampleOf(example, action)));
    };
    details.addEventListener('toggle', open, { once: true });
    return details;
  });
  return [element('h2', { textContent: summary }), ...list];
}

function exampleOf({ payload }, action) {
  const text = JSON.stringify(payload, null, 2);
  const use = element('button', { type: 'button', textContent: 'Use this' });
  use.addEventListener('click', () => {
    $('send').elements.message.value = text;
    $('send').elements.message.focus();
  });
  // a server receives what can be sent here
  return element(
    'div',
    { className: 'example' },
    element('pre', { textContent: text }),
    action === 'receive' ? use : '',
  );
}

const { address, description } = Object.values(api.channels)[0];
/** Beside the path of the pages, which may have a prefix. */
const socketUrl = at(`..${address}`);
socketUrl.protocol = socketUrl.protocol.replace('http', 'ws');
$('address').textContent = socketUrl.href;
$('about').append(...prose(`${api.info.description} ${description}`));
for (const operation of Object.values(api.operations)) $('messages').append(...describe(operation));

let socket;

function show(direction, text) {
  let shown = text;
  try {
    shown = JSON.stringify(JSON.parse(text), null, 1).replaceAll(/\n */g, ' ');
  } catch {
    // what is no JSON is shown as it is
  }
  const time = new Date().toISOString().slice(11, 23);
  const frames = $('frames');
  frames.append(element('li', { className: direction }, element('time', { textContent: time }), ' ', shown));
  while (frames.children.length > FRAMES) frames.firstChild.remove();
  frames.scrollTop = frames.scrollHeight;
}

function become(state) {
  const isOpen = state === 'connected';
  $('state').textContent = state;
  $('connection').querySelector('button').textContent = socket ? 'Disconnect' : 'Connect';
  $('send').querySelector('.main').disabled = !isOpen;
}

function connect(token) {
  socket = new WebSocket(socketUrl);
  become('connecting …');
  socket.onopen = () => {
    become('connected');
    if (token) socket.send(JSON.stringify({ type: 'auth', token }));
  };
  socket.onmessage = ({ data }) => show('in', data);
  socket.onclose = ({ code, reason }) => {
    socket = undefined;
    become(`closed with ${code}${reason && `: ${reason}`}`);
  };
}

$('connection').addEventListener('submit', (event) => {
  event.preventDefault();
  if (socket) socket.close(1000);
  else connect(event.target.elements.token.value);
});

$('send').addEventListener('submit', (event) => {
  event.preventDefault();
  const problem = event.target.querySelector('.wrong');
  problem.textContent = '';
  try {
    const text = JSON.stringify(JSON.parse(event.target.elements.message.value));
    socket.send(text);
    show('out', text);
  } catch (error) {
    problem.textContent = error.message;
  }
});

$('clear').addEventListener('click', () => $('frames').replaceChildren());
