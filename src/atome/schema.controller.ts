import { Controller, Get, UseFilters, VERSION_NEUTRAL } from '@nestjs/common';
import { Guarded, RequireRole } from '../auth/authorization/access.guard.js';
import { ResolvedOptions } from '../config/module-options.js';
import { ApiCall, ApiAnswer, ApiGroup } from '../http/openapi.js';
import { ANSWERS } from '../http/openapi-examples.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { describeKinds, type KindsDescription } from '../kinds/describe-kinds.js';

/** What is asked of the atomes of each kind, for forms and for those who make types of it. */
@ApiGroup('server')
@Guarded()
@UseFilters(ProblemFilter)
@Controller({ path: 'schema', version: VERSION_NEUTRAL })
export class SchemaController {
  private readonly description: KindsDescription;

  constructor({ kinds }: ResolvedOptions) {
    this.description = describeKinds(kinds);
  }

  @RequireRole('read')
  @Get()
  @ApiCall('getSchema', 'Kinds, their schemas, defaults, and keys that not everybody writes')
  @ApiAnswer(200, '`version` is another text whenever something of it is another', ['SchemaAnswer', ANSWERS.schema])
  schema() {
    return { success: true, ...this.description };
  }
}
