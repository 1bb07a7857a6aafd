/** How far a write is safe where a server follows another: on the disk of this one, or decided by that one, too. */
export type Safety = 'edge' | 'core';

/** Tells of a write how far it is safe. */
export class WriteSafety {
  /** By its tenant and its seq; undefined where there is one server only. Set by who follows another. */
  of: (tenant: string, seq: number) => Safety | undefined = () => undefined;
}
