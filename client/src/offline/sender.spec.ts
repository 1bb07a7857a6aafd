import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ERRORS, type Ack, type ErrorBody, type ErrorCode, type Nack } from '../../../src/protocol/index.js';
import { createOutbox, type Outbox } from './outbox.js';
import type { Push } from './push.js';
import { createSender, type Sender } from './sender.js';

let outbox: Outbox;
let sender: Sender;
let sent: string[];
let refused: string[];
let failing: string[];
let open: boolean;
/** The pushes under way, and what answers them. */
let pushed: {
  readonly writes: string[];
  readonly signal: AbortSignal;
  answer(answers: (Ack | Nack)[]): void;
  fail(): void;
}[];
let push: Push | undefined;
/** How many answers to pushes were taken, and what else comes of them. */
let answers: number;
let onAnswer: () => void;

beforeEach(() => {
  jest.useFakeTimers();
  [answers, onAnswer] = [0, () => undefined];
  [sent, refused, failing, open] = [[], [], [], true];
  [pushed, push] = [[], undefined];
  outbox = createOutbox();
  let stamps = 0;
  sender = createSender(outbox, {
    ready: () => open,
    send: (message) => {
      const { opId, hlc } = message as { opId: string; hlc: string };
      sent.push(`${opId}@${hlc}`);
    },
    stamp: () => String((stamps += 1)),
    refused: (writes, { code }) => {
      for (const { opId } of writes) {
        refused.push(`${opId} ${code}`);
        outbox.take(opId);
      }
    },
    failing: (code) => failing.push(code),
    get push() {
      return push;
    },
    answered(answer) {
      answers += 1;
      onAnswer();
      if (answer.type === 'ack') sender.acked(answer);
      else sender.nacked(answer.opId, answer.error);
    },
    random: () => 0.5,
    answerMs: 10_000,
  });
});

const add = (opId: string, atomeId = opId): void => outbox.add({ opId, operation: 'update', atomeId }, true);
const ack = (opId: string, seq = 1): Ack => ({ type: 'ack', opId, atomeId: opId, seq, version: 1 });
const error = (code: ErrorCode, retryAfter?: number): ErrorBody => ({
  code,
  message: 'no',
  ...ERRORS[code],
  ...(retryAfter !== undefined && { details: { retryAfter } }),
});
const take = (): string[] => sent.splice(0);

describe('a sender', () => {
  it('sends in order, each once', () => {
    ['1', '2'].forEach((opId) => add(opId));
    sender.pump();
    sender.pump();
    add('3');
    sender.pump();
    expect(sent).toEqual(['1@1', '2@2', '3@3']);
  });

  it('sends nothing that the store has not kept, nor what comes behind it', () => {
    outbox.add({ opId: '1', operation: 'update', atomeId: 'a' }, false);
    add('2');
    sender.pump();
    expect(take()).toEqual([]);
    outbox.get('1')!.saved = true;
    sender.pump();
    expect(take()).toEqual(['1@1', '2@2']);
  });

  it('has at most 100 on their way', () => {
    for (let n = 0; n < 150; n += 1) add(`${1_000 + n}`);
    sender.pump();
    expect(take()).toHaveLength(100);
    sender.acked(ack('1000'));
    expect(take()).toEqual(['1100@101']);
  });

  it('sends again what was not answered, under the same stamp, and not what was', () => {
    ['1', '2'].forEach((opId) => add(opId));
    sender.pump();
    sender.acked(ack('1'));
    take();
    sender.lost(1006);
    sender.pump();
    expect(take()).toEqual(['2@2']);
  });

  it('sends all again to another ledger', () => {
    add('1');
    sender.pump();
    sender.acked(ack('1'));
    sender.restart();
    sender.pump();
    expect(sent).toEqual(['1@1', '1@1']);
  });

  it('sends again what was acknowledged behind the end of the ledger, and nothing else', () => {
    for (const opId of ['a', 'b', 'c']) add(opId);
    sender.pump();
    take();
    sender.acked({ ...ack('a'), seq: 4 });
    sender.acked({ ...ack('b'), seq: 5 });
    sender.endsAt(4);
    expect(take()).toEqual(['b@2']);
  });

  it('waits no longer where the clock is put back meanwhile', () => {
    add('1');
    sender.pump();
    take();
    sender.nacked('1', error('rate_limited', 2_000));
    jest.setSystemTime(Date.now() - 86_400_000);
    jest.advanceTimersByTime(5_000);
    expect(take()).toEqual(['1@1']);
  });

  it('waits as long as the server asks, and longer each time', () => {
    ['1', '2'].forEach((opId) => add(opId));
    sender.pump();
    take();
    sender.nacked('1', error('rate_limited', 2_000));
    sender.nacked('2', error('rate_limited', 2_000));
    sender.pump();
    jest.advanceTimersByTime(2_000);
    expect(take()).toEqual([]);
    jest.advanceTimersByTime(500);
    expect(take()).toEqual(['1@1', '2@2']);
    expect(refused).toEqual([]);
  });

  it.each<[string, ErrorBody]>([
    ...(['internal', 'unavailable', 'storage_full', 'rate_limited', 'quota_exceeded'] as const).map(
      (code): [string, ErrorBody] => [code, error(code)],
    ),
    ['a code of a newer server', { ...error('unavailable'), code: 'overheated' as ErrorCode }],
    ['an unknown code that does not call itself final', { code: 'odd', status: 409 } as unknown as ErrorBody],
    ['a status that means "later", whatever it calls itself', { ...error('rate_limited'), retryable: false }],
    ['a 5xx that calls itself final', { ...error('internal'), retryable: false }],
    ['nothing more than a code', { code: 'odd' } as unknown as ErrorBody],
  ])('never gives a write up for %s, and says that it is stuck', (_what, nack) => {
    add('1');
    for (let n = 0; n < 200; n += 1) {
      sender.pump();
      expect(take()).toHaveLength(1);
      sender.nacked('1', nack);
      jest.advanceTimersByTime(30_000);
    }
    expect(refused).toEqual([]);
    expect(outbox.size).toBe(1);
    expect(failing.length).toBeGreaterThan(100);
    sender.acked(ack('1'));
    expect(outbox.get('1')!.ack).toBeDefined();
  });

  it('refuses what an unknown code of a newer server calls final', () => {
    add('1');
    sender.pump();
    sender.nacked('1', { ...error('conflict'), code: 'too_blue' as ErrorCode });
    expect(refused).toEqual(['1 too_blue']);
  });

  it.each(['rate_limited', 'quota_exceeded', 'unavailable', 'storage_full'] as const)(
    'sends within seconds what has nothing to do with a create that is put off with %s for minutes',
    (code) => {
      outbox.add({ opId: '1', operation: 'create', atomeId: 'a' }, true);
      outbox.add({ opId: '2', operation: 'update', atomeId: 'a' }, true);
      outbox.add({ opId: '3', operation: 'create', atomeId: 'child', parentId: 'a' }, true);
      sender.pump();
      expect(take()).toEqual(['1@1']);
      for (let round = 0; round < 20; round += 1) {
        sender.nacked('1', error(code, 60_000));
        jest.advanceTimersByTime(2_000);
        expect(take()).toEqual([]);
        add(`${100 + round}`);
        sender.pump();
        expect(take()).toEqual([`${100 + round}@${2 + round}`]);
        jest.advanceTimersByTime(100_000);
        expect(take()[0]).toBe('1@1');
      }
      expect(refused).toEqual([]);
    },
  );

  it('sends what builds on a create when that was taken, and refuses it together with it', () => {
    const family = (first: number): void => {
      const [parent, child] = [`p${first}`, `c${first}`];
      outbox.add({ opId: `${first}`, operation: 'create', atomeId: parent }, true);
      outbox.add({ opId: `${first + 1}`, operation: 'update', atomeId: parent }, true);
      outbox.add({ opId: `${first + 2}`, operation: 'create', atomeId: child, parentId: parent }, true);
      outbox.add({ opId: `${first + 3}`, operation: 'rename', atomeId: child }, true);
    };
    family(1);
    family(5);
    add('9');
    sender.pump();
    expect(take()).toEqual(['1@1']);
    sender.acked(ack('1'));
    expect(take()).toEqual(['2@2', '3@3']);
    sender.acked(ack('2'));
    sender.acked(ack('3'));
    expect(take()).toEqual(['4@4', '5@5']);
    sender.nacked('5', error('exists'));
    expect(refused).toEqual(['5 exists', '6 exists', '7 exists', '8 exists']);
    expect(take()).toEqual(['9@6']);
  });

  it('waits for no answer to a create under an id that nobody else can have', () => {
    const id = crypto.randomUUID();
    outbox.add({ opId: '1', operation: 'create', atomeId: id }, true);
    outbox.add({ opId: '2', operation: 'update', atomeId: id }, true);
    outbox.add({ opId: '3', operation: 'create', atomeId: 'child', parentId: id }, true);
    sender.pump();
    expect(take()).toEqual(['1@1', '2@2']);
    sender.nacked('1', error('invalid'));
    sender.nacked('2', error('not_found'));
    expect(refused).toEqual(['1 invalid', '2 invalid', '3 invalid']);
  });

  it('tells of a write that is not answered, keeps it, and takes the answer when it comes', () => {
    ['1', '2'].forEach((opId) => add(opId));
    sender.pump();
    sender.acked(ack('2'));
    jest.advanceTimersByTime(9_999);
    expect(failing).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(failing).toEqual(['timeout']);
    expect(refused).toEqual([]);
    expect(take()).toEqual(['1@1', '2@2']);
    sender.acked(ack('1'));
    jest.advanceTimersByTime(60_000);
    expect(failing).toEqual(['timeout']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('tells of the one that is never answered among others that are', () => {
    add('1');
    for (let n = 0; n < 30; n += 1) {
      add(`${100 + n}`);
      sender.pump();
      sender.acked(ack(`${100 + n}`));
      jest.advanceTimersByTime(1_000);
    }
    expect(failing).toEqual(['timeout', 'timeout', 'timeout']);
  });

  it('takes an acknowledgement that names no place in the ledger for none', () => {
    add('1');
    sender.pump();
    sender.acked({ ...ack('1'), seq: undefined as never });
    jest.advanceTimersByTime(10_000);
    expect(failing).toEqual(['timeout']);
    take();
    sender.lost(1006);
    sender.pump();
    expect(take()).toEqual(['1@1']);
  });

  it('waits for nothing after the connection was lost', () => {
    add('1');
    sender.pump();
    sender.lost(1006);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('counts what one window is answered as one setback', () => {
    for (let n = 0; n < 100; n += 1) add(`${1_000 + n}`);
    sender.pump();
    take().forEach((_sent, n) => sender.nacked(`${1_000 + n}`, error('unavailable')));
    jest.advanceTimersByTime(500);
    expect(take()).toHaveLength(100);
  });

  it('sends what does not build on a write that the server fails at for ever', () => {
    outbox.add({ opId: '1', operation: 'create', atomeId: 'poison' }, true);
    outbox.add({ opId: '2', operation: 'update', atomeId: 'poison' }, true);
    outbox.add({ opId: '3', operation: 'create', atomeId: 'child', parentId: 'poison' }, true);
    sender.pump();
    take();
    ['1', '2', '3'].forEach((opId) => sender.nacked(opId, error('internal')));
    for (let n = 0; n < 300; n += 1) {
      const opId = `${1_000 + n}`;
      add(opId);
      jest.advanceTimersByTime(1_000);
      sender.pump();
      for (const each of take().map((text) => text.split('@')[0]!)) {
        if (each.length > 1) outbox.take((sender.acked(ack(each)), each));
        else sender.nacked(each, error('internal'));
      }
    }
    expect([...outbox.values()].map(({ write }) => write.opId).filter((opId) => opId.length > 1).length).toBeLessThan(
      3,
    );
    expect([...outbox.values()].slice(0, 3).map(({ write }) => write.opId)).toEqual(['1', '2', '3']);
    expect(refused).toEqual([]);
  });

  it('refuses a write only when those before it to the same atome were answered', () => {
    ['1', '2', '3'].forEach((opId) => add(opId, opId === '3' ? 'other' : 'same'));
    sender.pump();
    take();
    sender.nacked('1', error('unavailable'));
    sender.nacked('2', error('not_found'));
    sender.nacked('3', error('not_found'));
    expect(refused).toEqual(['3 not_found']);
    jest.advanceTimersByTime(60_000);
    expect(take()).toEqual(['1@1']);
    sender.acked(ack('1'));
    expect(take()).toEqual(['2@2']);
    sender.nacked('2', error('gone'));
    expect(refused).toEqual(['3 not_found', '2 gone']);
  });

  it('finds the one that is too big for the server', () => {
    ['1', '2', '3'].forEach((opId) => add(opId));
    sender.pump();
    sender.lost(1009);
    take();
    sender.pump();
    expect(take()).toEqual(['1@1']);
    sender.acked(ack('1'));
    expect(take()).toEqual(['2@2']);
    sender.lost(1009);
    expect(refused).toEqual(['2 too_large']);
    sender.pump();
    expect(take()).toEqual(['3@3']);
  });

  it('leaves a write alone that needs another token first', () => {
    add('1');
    sender.pump();
    sender.nacked('1', error('unauthenticated'));
    expect(refused).toEqual([]);
    open = false;
    sender.lost(4401);
    open = true;
    sender.pump();
    expect(sent).toEqual(['1@1', '1@1']);
  });
});

describe('a sender that can push', () => {
  beforeEach(() => {
    push = (writes, signal) =>
      new Promise((resolve, reject) => {
        pushed.push({
          writes: writes.map((write) => (write as { opId: string }).opId),
          signal,
          answer: resolve,
          fail: () => reject(new Error('404')),
        });
      });
  });
  const fill = (count: number, from = 1_000): string[] => {
    const opIds = Array.from({ length: count }, (_, n) => String(from + n));
    opIds.forEach((opId) => add(opId));
    return opIds;
  };
  const settle = (): Promise<void> => jest.advanceTimersByTimeAsync(0);

  it('sends one by one what fits in a window', () => {
    fill(100);
    sender.pump();
    expect(take()).toHaveLength(100);
    expect(pushed).toEqual([]);
  });

  it('pushes 500 at once, and nothing beside them, until what is left fits in a window', async () => {
    const opIds = fill(550);
    sender.pump();
    add('2000');
    sender.pump();
    expect(sent).toEqual([]);
    expect(pushed.map(({ writes }) => writes)).toEqual([opIds.slice(0, 500)]);
    pushed[0]!.answer(opIds.slice(0, 500).map((opId) => ack(opId)));
    await settle();
    expect(pushed).toHaveLength(1);
    expect(take()).toHaveLength(51);
  });

  it('does not let a push overtake what is on its way', () => {
    fill(1);
    sender.pump();
    take();
    const opIds = fill(200, 2_000);
    sender.pump();
    expect([sent, pushed]).toEqual([[], []]);
    sender.acked(ack('1000'));
    expect(pushed.map(({ writes }) => writes)).toEqual([opIds]);
    expect(sent).toEqual([]);
  });

  it('sends over the connection what a push could not, until the next connection', async () => {
    const opIds = fill(300);
    sender.pump();
    pushed[0]!.fail();
    await settle();
    expect(take()).toEqual(opIds.slice(0, 100).map((opId, n) => `${opId}@${n + 1}`));
    sender.lost(1006);
    sender.pump();
    expect(pushed).toHaveLength(2);
  });

  it.each([
    ['a connection that has ended', () => sender.lost(1006)],
    ['a ledger that has been replaced', () => sender.restart()],
  ])('takes no answer of %s, ends the push, and pushes again what was not answered', async (_of, end) => {
    const opIds = fill(300);
    sender.pump();
    end();
    expect(pushed[0]!.signal.aborted).toBe(true);
    pushed[0]!.answer(opIds.map((opId) => ack(opId)));
    await settle();
    expect(outbox.get('1000')!.ack).toBeUndefined();
    sender.pump();
    expect(pushed[1]!.writes).toEqual(opIds);
  });

  it('goes on where a write is held behind an earlier one whose time comes while many wait', async () => {
    const id = crypto.randomUUID();
    outbox.add({ opId: '0001', operation: 'create', atomeId: id }, true);
    outbox.add({ opId: '0002', operation: 'update', atomeId: id }, true);
    const opIds = fill(1_198);
    sender.pump();
    pushed[0]!.answer([
      { type: 'nack', opId: '0001', error: error('internal') },
      { type: 'nack', opId: '0002', error: error('not_found') },
      ...opIds.slice(0, 498).map((opId) => ack(opId)),
    ]);
    await jest.advanceTimersByTimeAsync(1_000);
    const answerAll = async (each: (typeof pushed)[number]): Promise<void> => {
      each.answer(each.writes.map((opId) => ack(opId)));
      await settle();
    };
    await answerAll(pushed[1]!);
    expect(pushed.at(-1)!.writes[0]).toBe('0001');
    await answerAll(pushed[2]!);
    for (const each of take()) sender.acked(ack(each.split('@')[0]!));
    expect([...outbox.values()].filter((each) => !each.ack)).toEqual([]);
    expect(refused).toEqual([]);
  });

  it.each<[string, (opId: string) => Ack]>([
    ['that of another', () => ack('9999')],
    ['an ack without a place in the ledger', (opId) => ({ ...ack(opId), seq: undefined as never })],
    ['none at all', () => null as never],
  ])(
    'sends over the connection what a push had no answer to but %s, and tells when that has none',
    async (_what, odd) => {
      const opIds = fill(200);
      sender.pump();
      pushed[0]!.answer(opIds.map((opId, n) => (n === 199 ? odd(opId) : ack(opId))));
      await settle();
      expect(take()).toEqual(['1199@200']);
      expect(failing).toEqual([]);
      jest.advanceTimersByTime(10_000);
      expect(failing).toEqual(['timeout']);
      expect(pushed).toHaveLength(1);
    },
  );

  it('goes on pushing where the effect of a write has come before its answer', async () => {
    const opIds = fill(700);
    sender.pump();
    opIds.slice(0, 500).forEach((opId) => outbox.take(opId));
    pushed[0]!.answer(opIds.slice(0, 500).map((opId) => ack(opId)));
    await settle();
    expect(pushed.map(({ writes }) => writes.length)).toEqual([500, 200]);
  });

  it('takes a push that is not answered in time for none, and says so', async () => {
    const opIds = fill(200);
    sender.pump();
    await jest.advanceTimersByTimeAsync(9_999);
    expect([sent, failing]).toEqual([[], []]);
    await jest.advanceTimersByTimeAsync(1);
    expect(failing).toEqual(['timeout']);
    expect(pushed[0]!.signal.aborted).toBe(true);
    expect(take()).toHaveLength(100);
    pushed[0]!.answer(opIds.map((opId) => ack(opId)));
    await settle();
    expect([...outbox.values()].filter((each) => each.ack)).toEqual([]);
  });

  it('waits no longer than for an answer in time before it sends others beside what is on its way', async () => {
    fill(1);
    sender.pump();
    take();
    const opIds = fill(200, 2_000);
    sender.pump();
    await jest.advanceTimersByTimeAsync(10_000);
    expect(failing).toEqual(['timeout']);
    for (let sends = take(); sends.length > 0; sends = take()) {
      for (const each of sends) sender.acked(ack(each.split('@')[0]!));
    }
    expect([...outbox.values()].filter((each) => !each.ack).map(({ write }) => write.opId)).toEqual(['1000']);
    expect(opIds.every((opId) => outbox.get(opId)!.ack)).toBe(true);
    expect(pushed).toEqual([]);
  });

  it('takes no further answer of a push once one of them has ended the connection', async () => {
    const opIds = fill(200);
    onAnswer = () => sender.lost(1000);
    sender.pump();
    pushed[0]!.answer(opIds.map((opId) => ack(opId)));
    await settle();
    expect(answers).toBe(1);
  });

  it('gives up what is refused, and puts off what is for later', async () => {
    const opIds = fill(200);
    sender.pump();
    pushed[0]!.answer(
      opIds.map((opId, n) => {
        if (n === 0) return { type: 'nack', opId, error: error('forbidden') };
        if (n === 1) return { type: 'nack', opId, error: error('quota_exceeded') };
        return ack(opId);
      }),
    );
    await settle();
    expect(refused).toEqual(['1000 forbidden']);
    expect(outbox.get('1001')).toMatchObject({ faults: 1, sentAt: null });
    expect([...outbox.values()].filter((each) => each.ack)).toHaveLength(198);
  });
});
