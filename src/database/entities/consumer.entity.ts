import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Who runs a durable consumer, and until when. */
@Entity('consumers')
export class ConsumerEntity {
  @PrimaryColumn({ type: 'varchar', length: 64 })
  name!: string;

  /** The process that runs it; empty for none. */
  @Column({ type: 'varchar', length: 36 })
  owner!: string;

  /**
   * When another may take it over, by the clock of the database: milliseconds since 1970; nobody has run it since then. 0: it is
   * not known since when. -1: it is being made.
   */
  @Column({ name: 'expires_at', type: 'bigint' })
  expiresAt!: number;
}
