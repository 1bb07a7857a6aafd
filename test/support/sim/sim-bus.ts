import { Messages } from '../../../src/bus/messages.js';
import type { Transport, TransportConnection, TransportEvents } from '../../../src/bus/transport.js';
import type { Actor, Schedule } from './schedule.js';
import type { SimDice } from './sim-dice.js';

/** What the servers of one database share. */
export const SECRET = Buffer.alloc(32, 7);
/** How long a text is under way, in milliseconds, about. */
const WAY_MS = 0.5;
/** How often a text is lost, comes twice, is late, or comes once more long after. */
const [LOST, DOUBLED, LATE, REPEATED] = [0.05, 0.05, 0.1, 0.02];
const LATE_MS = 300;

interface Member {
  readonly actor: Actor;
  readonly events: TransportEvents;
  isOpen: boolean;
}

/** Carries what nodes tell each other: it loses, doubles, delays, reorders and repeats, and anybody may speak on it. */
export class SimBus {
  /** What is sent comes to nobody, and nobody is told. */
  isDeaf = false;
  /** 0 when nothing goes wrong any more. */
  faulty = 1;
  private readonly members = new Set<Member>();
  private readonly liar = new Messages('liar', SECRET);
  private said: string[] = [];

  constructor(
    private readonly schedule: Schedule,
    private readonly dice: SimDice,
  ) {}

  /** As a node has it. */
  transportOf(actor: Actor): Transport {
    return {
      name: 'simulated',
      advice: 'it is made to fail',
      maxChars: 7_900,
      carries: true,
      connect: (events) => this.connect({ actor, events, isOpen: true }),
    };
  }

  /** Breaks all connections. */
  cut(): void {
    for (const member of this.members) {
      member.isOpen = false;
      const { actor, events } = member;
      this.schedule.after(this.dice.ms(WAY_MS), () => events.broken(new Error('cut')), {
        what: 'loses the bus',
        actor,
      });
    }
    this.members.clear();
  }

  /** Somebody who knows the secret tells what is not so. */
  lie(tenant: string, seq: number): void {
    this.spread(this.liar.textOf({ type: 'hints', hints: [{ tenant, seq }] }));
  }

  /** Somebody who does not know it says anything at all. */
  babble(): void {
    const old = this.said.length > 0 ? this.dice.oneOf(this.said) : 'none';
    const at = this.dice.below(old.length);
    this.spread(this.dice.isSo(0.5) ? old : `${old.slice(0, at)}A${old.slice(at + 1)}`);
  }

  private connect(member: Member): Promise<TransportConnection> {
    this.members.add(member);
    return Promise.resolve({
      send: (texts) => {
        if (!member.isOpen) return Promise.reject(new Error('the connection is closed'));
        texts.forEach((text) => this.spread(text));
        return Promise.resolve();
      },
      close: () => {
        member.isOpen = false;
        this.members.delete(member);
        return Promise.resolve();
      },
    });
  }

  private spread(text: string): void {
    this.said.push(text);
    if (this.isDeaf) return;
    for (const member of this.members) {
      if (member.actor.isDead) this.members.delete(member);
      else this.carry(text, member);
    }
  }

  private carry(text: string, { actor, events }: Member): void {
    const { dice, faulty } = this;
    const chance = (share: number): boolean => dice.isSo(share * faulty);
    const arrive = (ms: number): void =>
      void this.schedule.after(ms, () => events.text(text), { what: `hears ${text.length} chars`, actor });
    if (!chance(LOST)) arrive(chance(LATE) ? dice.random() * LATE_MS : dice.ms(WAY_MS));
    if (chance(DOUBLED)) arrive(dice.ms(WAY_MS));
    if (chance(REPEATED)) arrive(dice.random() * 10 * LATE_MS);
  }
}
