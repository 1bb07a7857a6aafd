import { Injectable } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';

/** Refuses a second instance in one application: both would have the same routes, events and shutdown. */
@Injectable()
export class OnlyOne {
  constructor(modules: ModulesContainer) {
    const names = [...modules.values()].filter(({ providers }) => providers.has(OnlyOne));
    if (names.length < 2) return;
    throw new Error(
      'AtomeModule.forRoot is called more than once in this application: call it once, keep what it returns, and import that wherever it is needed; or import it once with isGlobal: true',
    );
  }
}
