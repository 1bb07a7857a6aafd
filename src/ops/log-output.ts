import { write } from 'node:fs';

/** Bytes of lines that may wait to be written. */
const MOST_BYTES = 4 * 1024 * 1024;
/** How long it takes until a disk that has refused is tried again, in milliseconds, and a pipe that is full. */
const RETRY_MS = { disk: 1_000, pipe: 20 } as const;
/** How long the end of the process waits for what is being written, in milliseconds. */
const EXIT_MS = 100;

/** Writes to a file descriptor, as `fs.write` does. */
export type WriteTo = (fd: number, data: Buffer, done: (error: Error | null, written: number) => void) => void;

/**
 * Lines on a file descriptor, written beside everything else: a pipe that nobody reads and a disk that is full hold nothing up,
 * while the server runs and when it ends. What does not fit is left out, and counted in a line when there is room again.
 */
export class LogOutput {
  private readonly waiting: Buffer[] = [];
  private bytes = 0;
  private dropped = 0;
  private isWriting = false;
  private timer: NodeJS.Timeout | undefined;
  private idle: () => void = () => undefined;

  constructor(
    private readonly fd: number,
    private readonly writeTo: WriteTo = write,
  ) {}

  write(line: string): void {
    const data = Buffer.from(line);
    if (this.bytes + data.length > MOST_BYTES) {
      this.dropped += 1;
      return;
    }
    this.waiting.push(data);
    this.bytes += data.length;
    this.next();
  }

  /** Resolves when all is written, or after so many milliseconds. */
  async flush(ms: number): Promise<void> {
    if (this.bytes === 0) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.next();
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, ms);
      this.idle = () => {
        clearTimeout(late);
        resolve();
      };
    });
  }

  /** Has what is still to be written come out before a process ends at once, if it takes no time. */
  waitAtExit(): void {
    if (this.isWriting) sleep(EXIT_MS);
    if (this.waiting.length === 0) return;
    // threads of the system write it while this one sleeps
    this.writeTo(this.fd, Buffer.concat(this.waiting.splice(0)), () => undefined);
    sleep(EXIT_MS);
  }

  private next(): void {
    if (this.isWriting || this.timer) return;
    if (this.bytes === 0) {
      this.idle();
      return;
    }
    const data = Buffer.concat(this.waiting.splice(0));
    this.isWriting = true;
    this.writeTo(this.fd, data, (error, written) => {
      this.isWriting = false;
      const rest = data.subarray(error ? 0 : written);
      if (rest.length > 0) this.waiting.unshift(rest);
      this.bytes -= data.length - rest.length;
      if (error) this.retry((error as NodeJS.ErrnoException).code === 'EAGAIN' ? RETRY_MS.pipe : RETRY_MS.disk);
      else this.goOn();
    });
  }

  private goOn(): void {
    const { dropped } = this;
    if (dropped > 0 && this.bytes < MOST_BYTES / 2) {
      this.dropped = 0;
      const msg = `${dropped} lines of the log were left out: they could not be written in time`;
      this.write(`${JSON.stringify({ level: 40, time: Date.now(), context: 'log', msg })}\n`);
    }
    this.next();
  }

  private retry(ms: number): void {
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.next();
    }, ms).unref();
  }
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
