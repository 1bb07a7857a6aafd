import type { BeforeApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { Repeat } from './repeat.js';

export interface Job {
  readonly everyMs: number;
  readonly work: () => Promise<void>;
}

/** What is done again and again while the application runs. */
export class Housekeeping implements OnModuleInit, BeforeApplicationShutdown {
  private readonly repeats: readonly Repeat[];

  constructor(jobs: readonly Job[], onError: (error: unknown) => void) {
    this.repeats = jobs.map(({ everyMs, work }) => new Repeat(everyMs, work, onError));
  }

  onModuleInit(): void {
    for (const repeat of this.repeats) repeat.start();
  }

  beforeApplicationShutdown(): void {
    for (const repeat of this.repeats) repeat.stop();
  }
}
