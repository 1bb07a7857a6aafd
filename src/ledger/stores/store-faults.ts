import { StoreError, type Report } from '../store-error.js';

/** How long a fault of the disk counts, in milliseconds: as long as its callers are told to wait. */
const MET_MS = 10_000;

interface Met {
  readonly error: StoreError;
  readonly until: number;
}

/** The faults that a store meets: each is reported, and one of the disk counts until something is written, or for a while. */
export class StoreFaults {
  /** Of the disk, the last one. */
  private disk: Met | undefined;
  /** A full disk that a write has met: reads that do go on. */
  private full: Met | undefined;

  /** @param report is told of each fault, for all who ask the store. */
  constructor(readonly report: Report) {}

  /** Reports what a caller is told, and hands it on. */
  reported<E>(error: E): E {
    if (error instanceof StoreError) {
      this.report(error.fault.kind, error.line);
      if (error.fault.isOfTheDisk) this.disk = met(error);
    }
    return error;
  }

  /** As {@link reported}, of what a write has met: a read may need room as well, to sort, and says nothing of the writes. */
  refused<E>(error: E): E {
    if (error instanceof StoreError && error.code === 'storage_full') this.full = met(error);
    return this.reported(error);
  }

  /** To be called when something has been written. */
  overcome(): void {
    this.disk = this.full = undefined;
  }

  /** Why writes are refused; undefined while they are not. */
  get ofWrites(): string | undefined {
    return stillMet(this.full)?.message;
  }

  /** @throws StoreError that a probe, which writes nothing, would not meet. */
  requireSoundDisk(): void {
    const error = stillMet(this.disk);
    if (error) throw error;
  }
}

function met(error: StoreError): Met {
  return { error, until: performance.now() + MET_MS };
}

function stillMet(last: Met | undefined): StoreError | undefined {
  return last && performance.now() < last.until ? last.error : undefined;
}
