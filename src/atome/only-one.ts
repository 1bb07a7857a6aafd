import { Injectable } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { ResolvedOptions } from '../config/module-options.js';

/**
 * Refuses a second instance in one application, because both would have the same routes, events and shutdown; and options that
 * would be made anew for each request.
 */
@Injectable()
export class OnlyOne {
  constructor(modules: ModulesContainer) {
    const all = [...modules.values()];
    if (all.filter(({ providers }) => providers.has(OnlyOne)).length > 1) {
      throw new Error(
        'AtomeModule.forRoot is called more than once in this application: call it once, keep what it returns, and import that wherever it is needed; or import it once with isGlobal: true',
      );
    }
    const options = all.flatMap(({ providers }) => providers.get(ResolvedOptions) ?? []);
    if (options.every((each) => each.isDependencyTreeStatic())) return;
    throw new Error(
      'AtomeModule.forRootAsync: what its factory injects is made for each request (Scope.REQUEST), and there is one AtomeModule for all: inject what is one for all',
    );
  }
}
