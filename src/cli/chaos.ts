import { setTimeout } from 'node:timers/promises';
import { UsageError } from '../config/command-line.js';
import { ChaosNetwork, type Upstream } from './chaos-network.js';
import { command, Failure } from './command.js';
import { onEarlyEnd } from './early-end.js';
import { faultsFrom } from './fault-schedule.js';
import { randomFrom } from './seeded-random.js';

const FLAGS = {
  listen: { type: 'string', takes: '<port>', help: 'where clients connect to, on this machine; 3002 when left out' },
  upstream: { type: 'string', takes: '<url>', help: 'the server; ws://127.0.0.1:3001 when left out' },
  seed: { type: 'string', takes: '<number>', help: 'the same faults come with the same seed; 1 when left out' },
  every: { type: 'string', takes: '<seconds>', help: 'how far apart faults are on average; 5 when left out' },
} as const;

export default command({
  name: 'chaos',
  about: `Stands between clients and a server as a bad network: connections are cut, left half-open or still, what is said comes in halves,
late, or over a second connection once more. A client that is right loses nothing, and writes nothing twice.`,
  flags: FLAGS,
  isEndless: true,
  failure: 'the port cannot be listened on',

  async run({ values, print }) {
    const { listen = '3002', upstream = 'ws://127.0.0.1:3001', seed = '1', every = '5' } = values;
    const everyMs = 1_000 * numberOf('every', every, 3_600);
    const number = numberOf('seed', seed, 2 ** 32);
    const network = await open(upstreamOf(upstream), number, numberOf('listen', listen, 65_535));
    print({ url: network.url, upstream, seed: number }, `${network.url} leads to ${upstream}, with seed ${number}`);
    const stop = new AbortController();
    const isOver = onEarlyEnd(() => stop.abort());
    // apart from what chance does to each message: when faults come does not hang on what is said
    for (const { kind, afterMs, ms } of faultsFrom(randomFrom(number), everyMs)) {
      await setTimeout(afterMs, undefined, stop).catch(() => undefined);
      if (stop.signal.aborted) break;
      print({ fault: kind, ms }, `${new Date().toISOString()}  ${kind}${ms > 0 ? ` for ${Math.round(ms)} ms` : ''}`);
      if (kind === 'cut') network.cut();
      else if (kind === 'half-open') network.halfOpen();
      else {
        network.stall();
        await setTimeout(ms, undefined, stop).catch(() => undefined);
        network.go();
      }
    }
    isOver();
    await network.close();
    return 0;
  },
});

/** @throws Failure */
async function open(upstream: Upstream, seed: number, port: number): Promise<ChaosNetwork> {
  try {
    return await ChaosNetwork.to(upstream, randomFrom(seed + 1), port);
  } catch (error) {
    throw new Failure(`port ${port} cannot be listened on: ${(error as Error).message}`);
  }
}

/** @throws UsageError */
function numberOf(flag: string, text: string, max: number): number {
  const number = Number(text);
  if (text.trim() !== '' && number >= 0 && number <= max) return number;
  throw new UsageError(`--${flag}: expected a number between 0 and ${max}`);
}

/** @throws UsageError */
function upstreamOf(text: string): Upstream {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^(?:ws|http)s?:$/.test(url.protocol))
    throw new UsageError('--upstream: expected an address such as ws://127.0.0.1:3001');
  const isSecure = /^(?:wss|https):$/.test(url.protocol);
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) || (isSecure ? 443 : 80), isSecure };
}
