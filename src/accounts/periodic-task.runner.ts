import type { BeforeApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { Repeat } from './periodic-task.js';

/** What is done again and again while the application runs. */
export class Housekeeping implements OnModuleInit, BeforeApplicationShutdown {
  constructor(private readonly work: Repeat) {}

  onModuleInit(): void {
    this.work.start();
  }

  beforeApplicationShutdown(): void {
    this.work.stop();
  }
}
