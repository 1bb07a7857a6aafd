import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** One row of the ledger. JSON is kept as text, byte for byte as it was hashed. */
@Entity('alterations', { withoutRowid: true })
@Index('alterations_by_version', ['tenant', 'atomeId', 'version'], { unique: true })
@Index('alterations_by_op', ['tenant', 'author', 'opId'], { unique: true })
export class AlterationEntity {
  @PrimaryColumn({ type: 'varchar', length: 128 })
  tenant!: string;

  @PrimaryColumn({ type: 'bigint' })
  seq!: number;

  @Column({ name: 'atome_id', type: 'varchar', length: 128 })
  atomeId!: string;

  @Column({ type: 'integer' })
  version!: number;

  @Column({ type: 'varchar', length: 16 })
  operation!: string;

  @Column({ type: 'text' })
  changes!: string;

  @Column({ type: 'text', nullable: true })
  reason!: string | null;

  @Column({ type: 'varchar', length: 128 })
  author!: string;

  @Column({ name: 'source_client', type: 'varchar', length: 128, nullable: true })
  sourceClient!: string | null;

  @Column({ name: 'op_id', type: 'varchar', length: 200, nullable: true })
  opId!: string | null;

  @Column({ type: 'varchar', length: 96 })
  hlc!: string;

  @Column({ type: 'varchar', length: 24 })
  timestamp!: string;

  /** JSON array of paths. */
  @Column({ type: 'text' })
  superseded!: string;

  /** Version of the nearest row at or before this one from which its state can be folded. */
  @Column({ type: 'integer' })
  base!: number;

  /** About how many characters the event of this row takes. */
  @Column({ type: 'integer' })
  size!: number;

  /** The whole state after this row, where the deltas since the last one outweigh it. */
  @Column({ type: 'text', nullable: true })
  snapshot!: string | null;

  @Column({ type: 'varchar', length: 32 })
  salt!: string;

  /** SHA-256 of salt and payload: what the chain keeps when a payload is erased. */
  @Column({ type: 'varchar', length: 64 })
  digest!: string;

  @Column({ name: 'prev_hash', type: 'varchar', length: 64 })
  prevHash!: string;

  @Column({ type: 'varchar', length: 64 })
  hash!: string;
}
