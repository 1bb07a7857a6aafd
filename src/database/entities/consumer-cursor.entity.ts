import { Column, Entity, PrimaryColumn } from 'typeorm';

/** How far a durable consumer has come in the ledger of a tenant. */
@Entity('consumer_cursors')
export class ConsumerCursorEntity {
  @PrimaryColumn({ type: 'varchar', length: 64 })
  consumer!: string;

  @PrimaryColumn({ type: 'varchar', length: 128 })
  tenant!: string;

  /** All up to here are handled. */
  @Column({ type: 'bigint' })
  seq!: number;

  /** How often the next one has failed; -1: it is on its way to the dead letters. */
  @Column({ type: 'integer' })
  attempts!: number;

  /** When it is tried again, by the clock of the database: milliseconds since 1970. */
  @Column({ name: 'due_at', type: 'bigint' })
  dueAt!: number;

  /** What it has failed with. */
  @Column({ type: 'text', nullable: true })
  error!: string | null;
}
