import type { Entry } from './entry.js';
import { filterKey, showBy, type Show } from './filter.js';
import type { Filter } from '../protocol/index.js';
import type { Batch } from './tenant-log.js';
import { textFrames } from './ws-frame.js';

/** How a batch is written for one class of readers: bytes, or undefined when it holds nothing for them. */
export interface View {
  readonly key: string;
  /** @param from the cursor that the reader has; @param after the place behind which the batch begins. */
  encode(batch: Batch, from: number, after: number): Buffer | undefined;
  /** Moves the reader's cursor over what was hidden from it; undefined where the form has no way to say so. */
  encodeMove(from: number, to: number, hash: string): Buffer | undefined;
  /** Lets go of what it has encoded. */
  forget(): void;
}

interface Encoded {
  readonly from: number;
  readonly after: number;
  readonly hash: string;
  readonly compact: boolean;
  readonly bytes: Buffer | undefined;
}

const KEPT = 4;

/** Remembers the last few encodings: readers of one class at one place get the same bytes. */
abstract class SharedView implements View {
  abstract readonly key: string;
  private readonly kept: Encoded[] = [];

  encode(batch: Batch, from: number, after: number): Buffer | undefined {
    // the hash says where the batch ends, and of which ledger it is: a place may come again after a reset
    const { hash, compact } = batch;
    const known = this.kept.find(
      (each) => each.from === from && each.after === after && each.hash === hash && each.compact === compact,
    );
    if (known) return known.bytes;
    const bytes = this.write(batch, from);
    this.kept.unshift({ from, after, hash, compact, bytes });
    if (this.kept.length > KEPT) this.kept.pop();
    return bytes;
  }

  forget(): void {
    this.kept.length = 0;
  }

  abstract encodeMove(from: number, to: number, hash: string): Buffer | undefined;
  protected abstract write(batch: Batch, from: number): Buffer | undefined;
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

  protected write({ entries, to, hash }: Batch, from: number): Buffer | undefined {
    const events = entries.map(this.show).filter((event) => event !== undefined);
    return events.length === 0 ? undefined : textFrames([rangeFrame(from, to, hash, events)]);
  }
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

  protected write({ entries }: Batch): Buffer | undefined {
    return framed(entries);
  }
}

/** The frames of a plain reader who wrote some of the batch itself and does not get those. */
export function plainWithout({ entries }: Batch, clientId: string): Buffer | undefined {
  return framed(entries.filter((entry) => entry.sourceClient !== clientId));
}

function framed(entries: readonly Entry[]): Buffer | undefined {
  const events = entries.map((entry) => entry.event).filter((event) => event !== undefined);
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

  protected write({ entries }: Batch): Buffer | undefined {
    let text = '';
    for (const entry of entries) {
      const event = this.show(entry);
      if (event !== undefined) text += `id: ${entry.seq}\ndata: ${event}\n\n`;
    }
    return text === '' ? undefined : Buffer.from(text);
  }
}
