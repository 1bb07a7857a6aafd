/* eslint-disable @typescript-eslint/no-unused-vars, @typescript-eslint/no-unnecessary-type-parameters, @typescript-eslint/no-meaningless-void-operator -- types are all there is to it */
import { createClient, type AnyKinds, type Client } from '../../../client/src/index.js';
import { order, where } from '../../../client/src/where.js';
import { typedHooks } from '../../../client/src/react.js';
import { createBackends } from '../../../client/src/dual.js';

/* What the types of an application's kinds allow and refuse. Never run: `npm run typecheck` is the test. */

interface Note {
  title: string;
  body?: string;
}
interface Task {
  done: boolean;
  due: string | null;
}
interface App {
  note: Note;
  task: Task;
}

/** Compiles where both types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => undefined;

export async function writes(client: Client<App>): Promise<void> {
  await client.create({ kind: 'note', data: { title: 'Milk' } });
  await client.create({ kind: 'task', data: { done: false, due: null } });
  // @ts-expect-error -- there is no such kind
  await client.create({ kind: 'event', data: { title: 'Milk' } });
  // @ts-expect-error -- the data of another kind
  await client.create({ kind: 'note', data: { done: false, due: null } });
  // @ts-expect-error -- the title is missing
  await client.create({ kind: 'note', data: { body: 'Milk' } });

  await client.update('id', { title: 'Bread' });
  await client.update<'task'>('id', { done: true });
  // @ts-expect-error -- a task has no title
  await client.update<'task'>('id', { title: 'Bread' });
  // @ts-expect-error -- done is no text
  await client.update('id', { done: 'yes' });

  await client.replace<'note'>('id', { data: { title: 'Bread' } });
  // @ts-expect-error -- the whole data has a title
  await client.replace<'note'>('id', { data: { body: 'Bread' } });
}

export async function reads(client: Client<App>): Promise<void> {
  const notes = await client.list({ kind: 'note' });
  same<(typeof notes)[number]['kind'], 'note'>(true);
  same<(typeof notes)[number]['data'], Readonly<Note>>(true);
  // @ts-expect-error -- what is shown is not changed in place
  notes[0]!.data.title = 'Bread';
  // @ts-expect-error -- a note is never done
  void notes[0]!.data.done;

  const all = await client.list();
  same<(typeof all)[number]['kind'], 'note' | 'task'>(true);
  const [first] = all;
  if (first?.kind === 'task') same<typeof first.data, Readonly<Task>>(true);

  const task = await client.get<'task'>('id');
  same<NonNullable<typeof task>['data']['due'], string | null>(true);
  // @ts-expect-error -- it may not be there
  void task.data;

  client.watch({ kind: 'task', where: { done: false } }, ([one]) => one?.data.due);
  for await (const tasks of client.watch({ kind: 'task' })) same<(typeof tasks)[number]['kind'], 'task'>(true);
  // @ts-expect-error -- there is no such kind
  client.watch({ kind: 'event' });
}

interface Plan extends Task {
  steps: { title: string; size?: number }[];
  by: { name: string; role: 'lead' | 'guest' };
}

export function conditions(client: Client<App>): void {
  const done = where<Task>({ kind: 'task', 'data.done': true, 'data.due': { lt: '2026', ne: null } });
  client.watch({ kind: 'task', where: done });
  where<Plan>({ or: [{ 'data.by.role': { in: ['lead'], startsWith: 'l' } }, { 'data.by': { exists: false } }] });
  where<Note | Task>({ 'data.body': 'x', 'data.done': null, 'meta.tags': { contains: 'x' }, version: { gte: 2 } });
  where({ 'data.anything.at.all': 1, and: [{ 'meta.x': { startsWith: 'x' } }] });
  // @ts-expect-error -- a task has no title
  where<Task>({ 'data.title': 'x' });
  // @ts-expect-error -- nor has one in a group
  where<Task>({ or: [{ 'data.title': 'x' }] });
  // @ts-expect-error -- done is no text
  where<Task>({ 'data.done': 'yes' });
  // @ts-expect-error -- what is true or false has no order
  where<Task>({ 'data.done': { gt: false } });
  // @ts-expect-error -- there is no such role
  where<Plan>({ 'data.by.role': 'owner' });
  // @ts-expect-error -- arrays have no fields
  where<Plan>({ 'data.steps.title': 'x' });
  // @ts-expect-error -- there is no such operator
  where({ 'data.n': { like: 'x' } });
  // @ts-expect-error -- data is not a field
  where({ title: 'x' });
}

export function queries(client: Client<App>): void {
  client.watch({ kind: 'task', where: { done: { ne: true }, due: { lt: '2026' } }, sort: '-data.due', offset: 10 });
  client.watch({ kind: 'task', sort: order<Task>('data.done', '-updatedAt') });
  void createClient().list({ where: { any: 1, 'thing.at': { gt: 1 } }, sort: 'data.at.all' });
  // @ts-expect-error -- a task is never dome
  client.watch({ kind: 'task', where: { dome: false } });
  // @ts-expect-error -- done is no text
  client.watch({ kind: 'task', where: { done: 'x' } });
  // @ts-expect-error -- what is true or false has no order
  client.watch({ kind: 'task', where: { done: { gt: false } } });
  // @ts-expect-error -- no kind has that
  client.watch({ where: { titel: 'x' } });
  // @ts-expect-error -- nor is there anything to sort by
  client.watch({ kind: 'note', sort: 'data.titel' });
  // @ts-expect-error -- not here either
  order<Note>('data.titel');
}

export function made(): void {
  same<ReturnType<typeof createClient<App>>, Client<App>>(true);
  same<ReturnType<typeof createClient<AnyKinds>>, Client>(true);
  // @ts-expect-error -- data is an object
  createClient<{ note: string }>();
  void createClient().create({ kind: 'anything', data: { at: { all: [1, null, 'x'] } } });
  // @ts-expect-error -- JSON has no functions
  void createClient().create({ kind: 'anything', data: { run: () => 1 } });
}

export async function both(): Promise<void> {
  const { UnifiedAtome } = createBackends<App>({ local: 'http://127.0.0.1:3000', cloud: 'https://cloud.example' });
  await UnifiedAtome.create({ kind: 'note', data: { title: 'Milk' } });
  // @ts-expect-error -- the data of another kind
  await UnifiedAtome.create({ kind: 'note', data: { done: false, due: null } });
  const found = await UnifiedAtome.get<'note'>('id');
  if (found.success) same<typeof found.atome.data, Readonly<Note>>(true);
  // @ts-expect-error -- a version is one of one server
  await UnifiedAtome.update('id', { title: 'Milk' }, { baseVersion: 1 });
}

export const useTypes = (): void => {
  const { useAtome, useAtomes, useMutation } = typedHooks<App>();
  const notes = useAtomes({ kind: 'note' });
  same<(typeof notes)[number]['data'], Readonly<Note>>(true);
  same<NonNullable<ReturnType<typeof useAtome<'task'>>>['kind'], 'task'>(true);
  const { create } = useMutation();
  // @ts-expect-error -- the title is missing
  void create({ kind: 'note', data: {} });
};
