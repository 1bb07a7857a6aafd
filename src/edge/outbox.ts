import type { AlterationBody } from '../protocol/index.js';

/** A local write on its way. */
export interface Waiting {
  readonly alteration: AlterationBody;
  /** Where upstream has acknowledged it; undefined: it has not yet. */
  readonly acknowledged?: number;
}

const NONE: readonly AlterationBody[] = [];

/** The local writes that upstream has not decided yet, or whose outcome has not come back, in order of their seq. */
export class Outbox {
  private readonly waiting = new Map<number, Waiting>();
  private readonly byAtome = new Map<string, AlterationBody[]>();
  private readonly byOpId = new Map<string, number>();

  get size(): number {
    return this.waiting.size;
  }

  /** An erasure takes the earlier writes to its atome with it. */
  add(alteration: AlterationBody): void {
    const { seq, atomeId, opId, operation } = alteration;
    if (operation === 'redact') for (const earlier of [...this.of(atomeId)]) this.remove(earlier.seq);
    this.waiting.set(seq, { alteration });
    const others = this.byAtome.get(atomeId);
    if (others) others.push(alteration);
    else this.byAtome.set(atomeId, [alteration]);
    if (opId !== null) this.byOpId.set(opId, seq);
  }

  /** Those to one atome. */
  of(atomeId: string): readonly AlterationBody[] {
    return this.byAtome.get(atomeId) ?? NONE;
  }

  /** The seq of the write to an atome with an opId. */
  seqOf(opId: string, atomeId: string): number | undefined {
    const seq = this.byOpId.get(opId);
    return seq !== undefined && this.waiting.get(seq)?.alteration.atomeId === atomeId ? seq : undefined;
  }

  at(seq: number): AlterationBody | undefined {
    return this.waiting.get(seq)?.alteration;
  }

  has(seq: number): boolean {
    return this.waiting.has(seq);
  }

  /** Those that have not been acknowledged, oldest first. */
  *unsent(): Generator<AlterationBody> {
    for (const { alteration, acknowledged } of this.waiting.values()) if (acknowledged === undefined) yield alteration;
  }

  /** Upstream has it at that seq. */
  acknowledge(seq: number, at: number): void {
    const waiting = this.waiting.get(seq);
    if (waiting) this.waiting.set(seq, { ...waiting, acknowledged: at });
  }

  /** Whatever was acknowledged was so in another ledger: all is to be sent again. */
  forgetAcknowledged(): void {
    for (const [seq, { alteration }] of this.waiting) this.waiting.set(seq, { alteration });
  }

  /** Takes those out that upstream has acknowledged at or before a seq. */
  takeSettled(upTo: number): AlterationBody[] {
    const settled: AlterationBody[] = [];
    for (const { alteration, acknowledged } of this.waiting.values()) {
      if (acknowledged !== undefined && acknowledged <= upTo) settled.push(alteration);
    }
    for (const { seq } of settled) this.remove(seq);
    return settled;
  }

  remove(seq: number): void {
    const waiting = this.waiting.get(seq);
    if (!waiting) return;
    const { atomeId, opId } = waiting.alteration;
    this.waiting.delete(seq);
    if (opId !== null && this.byOpId.get(opId) === seq) this.byOpId.delete(opId);
    const others = this.byAtome.get(atomeId)!;
    others.splice(others.indexOf(waiting.alteration), 1);
    if (others.length === 0) this.byAtome.delete(atomeId);
  }

  /** All up to there is decided upstream; `head` is where the ledger ends. */
  safeSeq(head: number): number {
    const [first] = this.waiting.keys();
    return first === undefined ? head : first - 1;
  }
}
