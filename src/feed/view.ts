import { filterKey, showAll, showBy, type Show } from './filter.js';
import type { Filter } from '../protocol/index.js';
import type { Batch } from './batch.js';
import type { Entry } from './entry.js';
import { judged } from './visibility.js';
import { textFrames } from './ws-frame.js';

/** How a batch is written for one class of readers: bytes, or undefined when it holds nothing for them. */
export interface View {
  readonly key: string;
  /**
   * @param from the cursor that the reader has
   * @param pattern the verdicts on what not everybody may read; what has none is not shown
   */
  encode(batch: Batch, from: number, pattern?: string): Buffer | undefined;
  /** Moves the reader's cursor over what was hidden from it; undefined where the form has no way to say so. */
  encodeMove(from: number, to: number, hash: string): Buffer | undefined;
}

/** Readers of one class at one place get the same bytes. */
abstract class SharedView implements View {
  abstract readonly key: string;

  encode(batch: Batch, from: number, pattern = ''): Buffer | undefined {
    const known = batch.encodedFor(this, from, pattern);
    if (known) return known.bytes;
    const bytes = this.write(batch, from, pattern);
    batch.keep(this, { from, pattern, bytes });
    return bytes;
  }

  abstract encodeMove(from: number, to: number, hash: string): Buffer | undefined;
  protected abstract write(batch: Batch, from: number, pattern: string): Buffer | undefined;
}

/** `events` frames: all that the reader may see in a range. */
export class RangeView extends SharedView {
  readonly key: string;
  private readonly show: Show;

  constructor(filter: Filter) {
    super();
    this.key = `range ${filterKey(filter)}`;
    this.show = showBy(filter);
  }

  encodeMove(from: number, to: number, hash: string): Buffer {
    return textFrames([rangeFrame(from, to, hash, [])]);
  }

  protected write(batch: Batch, from: number, pattern: string): Buffer | undefined {
    const { to, hash } = batch;
    const events = shown(batch, pattern, this.show);
    return events.length === 0 ? undefined : textFrames([rangeFrame(from, to, hash, events)]);
  }
}

function shown(batch: Batch, pattern: string, show: Show): string[] {
  const events: string[] = [];
  for (const [entry, verdict] of judged(batch, pattern)) {
    const event = show(entry, verdict);
    if (event !== undefined) events.push(event);
  }
  return events;
}

function rangeFrame(from: number, to: number, hash: string, events: readonly string[]): string {
  return `{"type":"events","from":${from},"to":${to},"hash":"${hash}","events":[${events.join(',')}]}`;
}

/** One event a frame, for plain readers. */
export class PlainView extends SharedView {
  readonly key = 'plain';

  encodeMove(): undefined {
    return undefined;
  }

  protected write(batch: Batch, _from: number, pattern: string): Buffer | undefined {
    const events = shown(batch, pattern, showAll);
    return events.length === 0 ? undefined : textFrames(events);
  }
}

/** Whose own events a plain reader does not get: those of its connection, as far as its principal wrote them. */
export interface Self {
  readonly clientId: string;
  readonly principal: string;
}

export function isOwn({ sourceClient, author }: Entry, { clientId, principal }: Self): boolean {
  // anybody can say in a header that it is another's connection
  return sourceClient === clientId && author === principal;
}

/** The frames of a plain reader who wrote some of the batch itself and does not get those. */
export function plainWithout(batch: Batch, self: Self, pattern = ''): Buffer | undefined {
  const events = shown(batch, pattern, (entry, verdict) => (isOwn(entry, self) ? undefined : showAll(entry, verdict)));
  return events.length === 0 ? undefined : textFrames(events);
}

/** Server-sent events (WHATWG HTML §9.2): `id` is the seq, so that `Last-Event-ID` is the cursor. */
export class SseView extends SharedView {
  readonly key: string;
  private readonly show: Show;

  constructor(filter: Filter) {
    super();
    this.key = `sse ${filterKey(filter)}`;
    this.show = showBy(filter);
  }

  encodeMove(_from: number, to: number): Buffer {
    return Buffer.from(`id: ${to}\n\n`);
  }

  protected write(batch: Batch, _from: number, pattern: string): Buffer | undefined {
    let text = '';
    for (const [entry, verdict] of judged(batch, pattern)) {
      const event = this.show(entry, verdict);
      if (event !== undefined) text += `id: ${entry.seq}\ndata: ${event}\n\n`;
    }
    return text === '' ? undefined : Buffer.from(text);
  }
}
