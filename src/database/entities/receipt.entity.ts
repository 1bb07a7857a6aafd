import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * What a no-op with an opId was answered. An applied write has its opId in the ledger; a no-op adds no row
 * there, and its repetition must still get the first answer.
 */
@Entity('receipts')
@Index('receipts_by_atome', ['tenant', 'atomeId'])
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

  /** JSON: a SHA-256 of what was asked for; null once that is erased. Older rows may have the changes themselves. */
  @Column({ type: 'text' })
  changes!: string;

  @Column({ type: 'bigint' })
  seq!: number;

  @Column({ type: 'integer' })
  version!: number;
}
