import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * What a write with an opId was answered that has no alteration to tell it: it changed nothing, or its alteration is below
 * the floor. Its repetition must still get the first answer.
 */
@Entity('receipts')
@Index('receipts_by_atome', ['tenant', 'atomeId'])
@Index('receipts_by_time', ['tenant', 'timestamp'])
export class ReceiptEntity {
  @PrimaryColumn({ type: 'varchar', length: 128 })
  tenant!: string;

  /** Empty for what was remembered before authors were. */
  @PrimaryColumn({ type: 'varchar', length: 128 })
  author!: string;

  @PrimaryColumn({ name: 'op_id', type: 'varchar', length: 200 })
  opId!: string;

  @Column({ name: 'atome_id', type: 'varchar', length: 128 })
  atomeId!: string;

  @Column({ type: 'varchar', length: 16 })
  operation!: string;

  /** JSON: a SHA-256 of what was asked for, or several; null once that is erased. Older rows may have the changes themselves. */
  @Column({ type: 'text' })
  changes!: string;

  @Column({ type: 'bigint' })
  seq!: number;

  @Column({ type: 'integer' })
  version!: number;

  /** As that of an alteration; null where there was none. */
  @Column({ type: 'text', nullable: true })
  superseded!: string | null;

  /** When it was answered. */
  @Column({ type: 'varchar', length: 24, default: '' })
  timestamp!: string;
}
