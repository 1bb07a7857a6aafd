import type { BeforeApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { PeriodicTask } from './periodic-task.js';

/** Runs a periodic task as long as the application runs. */
export class PeriodicTaskRunner implements OnModuleInit, BeforeApplicationShutdown {
  constructor(private readonly task: PeriodicTask) {}

  onModuleInit(): void {
    this.task.start();
  }

  beforeApplicationShutdown(): void {
    this.task.stop();
  }
}
