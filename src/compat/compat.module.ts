import { Module } from '@nestjs/common';
import { OriginalCalls } from './routes.js';
import { OriginalErasure } from './erasure.js';
import { OriginalExport } from './export.js';
import { OriginalPull } from './pull.js';
import { OriginalPush } from './push.js';
import { OriginalPut } from './put-body.js';
import { OriginalSyncController } from './sync.controller.js';

/**
 * The original client's words, beside an `AtomeModule` that is global. Its local accounts need `addressInOwnWords` as the
 * `rewriteUrl` of Fastify, too.
 */
@Module({
  controllers: [OriginalSyncController],
  providers: [OriginalCalls, OriginalPut, OriginalPush, OriginalPull, OriginalExport, OriginalErasure],
})
export class CompatModule {}
