import { once } from 'node:events';
import { setTimeout as elapse } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { ServerProcess } from './process.js';

/** Environment of a server that {@link Inspector} can look into. */
export const INSPECTED = { NODE_OPTIONS: '--inspect=127.0.0.1:0' };
/** Of one whose event loop it can measure, too. */
export const WATCHED = {
  NODE_OPTIONS: `${INSPECTED.NODE_OPTIONS} --import=${new URL('loop-watch.mjs', import.meta.url).href}`,
};

/** How long it looks where a program is, in milliseconds. */
const STACK_MS = 500;
/** For how long it is asked which functions a program is in, in milliseconds, and how many of them are told. */
const PROFILE_MS = 1_000;
const MOST = 15;

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly callFrames?: readonly CallFrame[] };
  readonly result?: {
    readonly result?: { readonly value?: unknown };
    readonly profile?: { readonly nodes: readonly ProfileNode[] };
  };
}

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  /** Of a stack; that of a profile is where the function begins. */
  readonly location?: { readonly lineNumber: number };
  readonly lineNumber?: number;
}

interface ProfileNode {
  readonly hitCount: number;
  readonly callFrame: CallFrame;
}

/** Looks into a server process through the debugger of Node, without a word of it in the server's code. */
export class Inspector {
  private lastId = 0;

  private readonly gone: Promise<never>;

  private constructor(private readonly ws: WebSocket) {
    this.gone = once(ws, 'close').then(() => {
      throw new Error('the process that was looked into has ended');
    });
    this.gone.catch(() => undefined);
  }

  static async attach(server: Pick<ServerProcess, 'warns'>): Promise<Inspector> {
    const url = await server.warns(/Debugger listening on (ws:\S+)/);
    const ws = new WebSocket(url, { perMessageDeflate: false });
    await once(ws, 'open');
    return new Inspector(ws);
  }

  /** Bytes that the program itself holds, after a full garbage collection: objects and buffers. */
  async heldBytes(): Promise<number> {
    await this.call('HeapProfiler.collectGarbage');
    return (await this.evaluate('(({ heapUsed, external }) => heapUsed + external)(process.memoryUsage())')) as number;
  }

  /** Bytes that wait in the process for the network, for each connection that has any; most first. */
  async unsentBytes(): Promise<number[]> {
    const each = 'process._getActiveHandles().map((handle) => handle.writableLength)';
    return (await this.evaluate(`${each}.filter((length) => length > 0).sort((a, b) => b - a)`)) as number[];
  }

  /** Measures from now on how late the event loop is, of one that is {@link WATCHED}. */
  async watchLoop(): Promise<void> {
    await this.evaluate('globalThis.loopDelays.length = 0');
  }

  /** How late the event loop was at most in 99 of 100 looks since {@link watchLoop}, in milliseconds. */
  async loopDelay(): Promise<number> {
    const sorted = 'globalThis.loopDelays.toSorted((a, b) => a - b)';
    const delay = (await this.evaluate(`((all) => all[Math.floor(all.length * 0.99)])(${sorted})`)) as number;
    return Math.round(delay);
  }

  /** Where its program is, again and again, each with the innermost function first: for one that answers nobody. */
  async stacks(times = 5): Promise<string[]> {
    const stacks: string[] = [];
    this.ws.on('message', (data: Buffer) => {
      const { method, params } = JSON.parse(data.toString()) as Reply;
      if (method === 'Debugger.paused') stacks.push(params!.callFrames!.map(lineOf).join(' < '));
    });
    this.ws.send(JSON.stringify({ method: 'Debugger.enable', id: (this.lastId += 1) }));
    for (let n = 0; n < times; n += 1) {
      for (const method of ['Debugger.pause', 'Debugger.resume']) {
        this.ws.send(JSON.stringify({ method, id: (this.lastId += 1) }));
        await elapse(STACK_MS);
      }
    }
    return stacks;
  }

  /** Which functions it is in, most often first, in a second: a stack shows only where it can be stopped. */
  async busiest(): Promise<string[]> {
    await this.call('Profiler.enable');
    await this.call('Profiler.start');
    await elapse(PROFILE_MS);
    const { nodes = [] } = (await this.call('Profiler.stop')).result?.profile ?? {};
    const sorted = [...nodes].sort((a, b) => b.hitCount - a.hitCount).filter(({ hitCount }) => hitCount > 0);
    return sorted.slice(0, MOST).map(({ hitCount, callFrame }) => `${hitCount} × ${lineOf(callFrame)}`);
  }

  close(): void {
    this.ws.terminate();
  }

  /** It runs in the middle of what the process does just then: it may read, and must touch no timer, tick or immediate. */
  private async evaluate(expression: string): Promise<unknown> {
    return (await this.call('Runtime.evaluate', { expression, returnByValue: true })).result?.result?.value;
  }

  private async call(method: string, params: object = {}): Promise<Reply> {
    const id = (this.lastId += 1);
    const replied = new Promise<Reply>((resolve) => {
      const look = (data: Buffer): void => {
        const reply = JSON.parse(data.toString()) as Reply;
        if (reply.id !== id) return;
        this.ws.off('message', look);
        resolve(reply);
      };
      this.ws.on('message', look);
    });
    this.ws.send(JSON.stringify({ id, method, params }));
    return Promise.race([replied, this.gone]);
  }
}

function lineOf({ functionName, url, location, lineNumber = location?.lineNumber ?? 0 }: CallFrame): string {
  return `${functionName} (${url.split('/').slice(-3).join('/')}:${lineNumber + 1})`;
}
