import { Column, Entity, PrimaryColumn } from 'typeorm';

/** How far an edge has followed the server above it, and how much of what was written here is decided there. */
@Entity('edge_cursors')
export class EdgeCursorEntity {
  @PrimaryColumn({ type: 'varchar', length: 128 })
  tenant!: string;

  /** Of the upstream ledger, as the seq and the hash are. */
  @Column({ type: 'varchar', length: 36 })
  epoch!: string;

  @Column({ type: 'bigint' })
  seq!: number;

  @Column({ type: 'varchar', length: 64 })
  hash!: string;

  @Column({ type: 'varchar', length: 64 })
  rights!: string;

  /** Where the own ledger ended then. */
  @Column({ type: 'bigint' })
  head!: number;

  /** All local writes up to there are decided upstream. */
  @Column({ type: 'bigint' })
  safe!: number;
}
