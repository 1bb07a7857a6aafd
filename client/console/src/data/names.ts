import type { Atome, JsonValue } from '@atome-sync/client';

/** Longer texts are cut before they are rendered. */
const SHORT = 200;

/** What an atome is called: its name or title, else its id; cut where it is long. */
export function nameOf(atome: Pick<Atome, 'id' | 'data'>): string {
  return wholeNameOf(atome).slice(0, SHORT);
}

/** As {@link nameOf}, however long it is: to be edited. */
export function wholeNameOf({ id, data }: Pick<Atome, 'id' | 'data'>): string {
  const { name, title } = data;
  return [name, title].find((text): text is string => typeof text === 'string' && text !== '') ?? id;
}

/** A value on one line, cut where it is long. */
export function shortOf(value: JsonValue | undefined): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value.slice(0, SHORT) : shortJsonOf(value);
}

/** A value as JSON, cut where it is long: no more of it is written than is shown. */
export function shortJsonOf(value: JsonValue, room = SHORT): string {
  if (typeof value === 'string') return JSON.stringify(value.length > room ? `${value.slice(0, room)}…` : value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const isList = Array.isArray(value);
  let text = '';
  for (const key in value) {
    if (text !== '') text += ',';
    if (text.length >= room) {
      text += '…';
      break;
    }
    if (!isList) text += `${shortJsonOf(key, room)}:`;
    text += shortJsonOf((value as Readonly<Record<string, JsonValue>>)[key]!, Math.max(0, room - text.length));
  }
  return isList ? `[${text}]` : `{${text}}`;
}

const DAY_MS = 86_400_000;

/** When something was, as short as it can be told. */
export function timeText(iso: string | number): string {
  const at = new Date(iso);
  const isToday = at.toDateString() === new Date().toDateString();
  if (isToday) return at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
  const isRecent = Date.now() - at.getTime() < 300 * DAY_MS;
  return at.toLocaleDateString([], isRecent ? { month: 'short', day: 'numeric' } : { dateStyle: 'medium' });
}

/** How long it is, in words: `12 s`, `4 min`. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}

const COUNT = new Intl.NumberFormat('en');

/** A number with its thousands apart. */
export function countText(count: number): string {
  return COUNT.format(count);
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** So many bytes. */
export function bytesText(bytes: number): string {
  const step = bytes < 1_000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${step === 0 ? bytes : (bytes / 1_000 ** step).toFixed(1)} ${UNITS[step]}`;
}

/** Some names, and how many more there are. */
export function namesText(names: readonly string[]): string {
  const first = names.slice(0, 8).map((name) => name.slice(0, SHORT));
  return first.join(', ') + (names.length > first.length ? ` and ${countText(names.length - first.length)} more` : '');
}
