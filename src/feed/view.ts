import { briefOf, filterKey, showAll, eventFilter, type Show } from './filter.js';
import type { Filter } from '../protocol/index.js';
import type { Batch } from './batch.js';
import type { Entry } from './entry.js';
import { withVisibility } from './visibility.js';
import { textFrames } from './ws-frame.js';

/** How a batch is written for one class of readers: bytes, or undefined when it holds nothing for them. */
export interface View {
  readonly key: string;
  /** Whether it judges by a condition. */
  readonly needsStates: boolean;
  /**
   * @param from the cursor that the reader has
   * @param mask the verdicts on what not everybody may read; what has none is not shown
   */
  encode(batch: Batch, from: number, mask?: string): Buffer | undefined;
  /** Moves the reader's cursor over what was hidden from it; undefined where the form has no way to say so. */
  encodeMove(from: number, to: number, hash: string): Buffer | undefined;
}

/** Readers of one class at one place get the same bytes. */
abstract class SharedView implements View {
  abstract readonly key: string;
  readonly needsStates: boolean;

  constructor({ where }: Filter = {}) {
    this.needsStates = where !== undefined;
  }

  encode(batch: Batch, from: number, mask = ''): Buffer | undefined {
    const known = batch.encodedFor(this, from, mask);
    if (known) return known.bytes;
    const bytes = this.write(batch, from, mask);
    batch.keepEncoded(this, { from, mask, bytes });
    return bytes;
  }

  abstract encodeMove(from: number, to: number, hash: string): Buffer | undefined;
  protected abstract write(batch: Batch, from: number, mask: string): Buffer | undefined;
}

/** `events` frames: all that the reader may see in a range. */
export class RangeView extends SharedView {
  readonly key: string;
  private readonly show: Show;
  /** What is shown of consecutive entries, to who has had all those before them. */
  private readonly showNext: Show;

  constructor(filter: Filter, deltas = false) {
    super(filter);
    // what an update brings into a condition, the reader does not have
    const isDelta = deltas && !filter.where;
    this.key = `range ${isDelta ? 'deltas ' : ''}${filterKey(filter)}`;
    this.show = eventFilter(filter);
    this.showNext = isDelta ? eventFilter(filter, briefOf) : this.show;
  }

  encodeMove(from: number, to: number, hash: string): Buffer {
    return textFrames([rangeFrame(from, to, hash, [])]);
  }

  protected write(batch: Batch, from: number, mask: string): Buffer | undefined {
    const { to, hash, compact } = batch;
    const events = shown(batch, mask, compact ? this.show : this.showNext);
    return events.length === 0 ? undefined : textFrames([rangeFrame(from, to, hash, events)]);
  }
}

function shown(batch: Batch, mask: string, show: Show): string[] {
  const events: string[] = [];
  for (const [entry, visibility] of withVisibility(batch, mask)) {
    const event = show(entry, visibility);
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

  protected write(batch: Batch, _from: number, mask: string): Buffer | undefined {
    const events = shown(batch, mask, showAll);
    return events.length === 0 ? undefined : textFrames(events);
  }
}

/** Whose own events a plain reader does not get: those of its connection, as far as its principal wrote them. */
export interface OwnConnection {
  readonly clientId: string;
  readonly principal: string;
}

export function isOwn({ sourceClient, author }: Entry, { clientId, principal }: OwnConnection): boolean {
  // anybody can say in a header that it is another's connection
  return sourceClient === clientId && author === principal;
}

/** The frames of a plain reader who wrote some of the batch itself and does not get those. */
export function plainWithout(batch: Batch, self: OwnConnection, mask = ''): Buffer | undefined {
  const events = shown(batch, mask, (entry, visibility) =>
    isOwn(entry, self) ? undefined : showAll(entry, visibility),
  );
  return events.length === 0 ? undefined : textFrames(events);
}

/** Server-sent events (WHATWG HTML §9.2): `id` is the seq, so that `Last-Event-ID` is the cursor. */
export class SseView extends SharedView {
  readonly key: string;
  private readonly show: Show;

  constructor(filter: Filter) {
    super(filter);
    this.key = `sse ${filterKey(filter)}`;
    this.show = eventFilter(filter);
  }

  encodeMove(_from: number, to: number): Buffer {
    return Buffer.from(`id: ${to}\n\n`);
  }

  protected write(batch: Batch, _from: number, mask: string): Buffer | undefined {
    let text = '';
    for (const [entry, visibility] of withVisibility(batch, mask)) {
      const event = this.show(entry, visibility);
      if (event !== undefined) text += `id: ${entry.seq}\ndata: ${event}\n\n`;
    }
    return text === '' ? undefined : Buffer.from(text);
  }
}
