import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { ServerProcess } from './process.js';

/** Environment of a server that {@link Inspector} can look into. */
export const INSPECTED = { NODE_OPTIONS: '--inspect=127.0.0.1:0' };

interface Reply {
  readonly id?: number;
  readonly result?: { readonly result?: { readonly value?: unknown } };
}

/** Looks into a server process through the debugger of Node, without a word of it in the server's code. */
export class Inspector {
  private lastId = 0;

  private constructor(private readonly ws: WebSocket) {}

  static async attach({ output }: ServerProcess): Promise<Inspector> {
    const url = /Debugger listening on (ws:\S+)/.exec(output.join('\n'))?.[1];
    if (url === undefined) throw new Error('the server runs without its inspector');
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

  /** Measures from now on how late its event loop is. */
  async watchLoop(): Promise<void> {
    await this.evaluate(
      `globalThis.loopDelay?.disable(); globalThis.loopDelay =
        process.getBuiltinModule('node:perf_hooks').monitorEventLoopDelay({ resolution: 5 }); globalThis.loopDelay.enable()`,
    );
  }

  /** How late the event loop was at most in 99 of 100 looks since {@link watchLoop}, in milliseconds. */
  async loopDelay(): Promise<number> {
    return (await this.evaluate('Math.round(globalThis.loopDelay.percentile(99) / 1e6)')) as number;
  }

  close(): void {
    this.ws.terminate();
  }

  private async evaluate(expression: string): Promise<unknown> {
    return (await this.call('Runtime.evaluate', { expression, returnByValue: true })).result?.result?.value;
  }

  private async call(method: string, params: object = {}): Promise<Reply> {
    const id = (this.lastId += 1);
    this.ws.send(JSON.stringify({ id, method, params }));
    for (;;) {
      const [data] = (await once(this.ws, 'message')) as [Buffer];
      const reply = JSON.parse(data.toString()) as Reply;
      if (reply.id === id) return reply;
    }
  }
}
