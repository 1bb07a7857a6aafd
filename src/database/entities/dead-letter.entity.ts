import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** An alteration that a durable consumer has given up. */
@Entity('dead_letters')
@Index('dead_letters_by_due', ['consumer', 'isDue'])
export class DeadLetterEntity {
  @PrimaryColumn({ type: 'varchar', length: 64 })
  consumer!: string;

  @PrimaryColumn({ type: 'varchar', length: 128 })
  tenant!: string;

  @PrimaryColumn({ type: 'bigint' })
  seq!: number;

  @Column({ name: 'atome_id', type: 'varchar', length: 128 })
  atomeId!: string;

  @Column({ type: 'integer' })
  attempts!: number;

  /** What it has failed with. */
  @Column({ type: 'text' })
  error!: string;

  /** When, by the clock of the database: milliseconds since 1970. */
  @Column({ name: 'failed_at', type: 'bigint' })
  failedAt!: number;

  /** 1: somebody wants it to be tried again. */
  @Column({ name: 'is_due', type: 'integer' })
  isDue!: number;
}
