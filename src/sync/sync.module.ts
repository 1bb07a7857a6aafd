import { Module, type DynamicModule } from '@nestjs/common';
import { ChangesController } from './changes.controller.js';
import { PushController } from './push.controller.js';
import { SnapshotController } from './snapshot.controller.js';

/** HTTP for clients that hold a replica. */
@Module({ controllers: [ChangesController, SnapshotController, PushController] })
export class SyncModule {
  static from(...imports: DynamicModule[]): DynamicModule {
    return { module: SyncModule, imports };
  }
}
