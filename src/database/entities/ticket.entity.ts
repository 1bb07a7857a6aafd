import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Stands for a caller once, for half a minute. */
@Entity('tickets')
@Index('tickets_by_expiry', ['expiresAt'])
export class TicketEntity {
  @PrimaryColumn({ type: 'varchar', length: 64 })
  hash!: string;

  /** For whom it stands, as JSON. */
  @Column({ type: 'text' })
  identity!: string;

  /** Milliseconds since 1970. */
  @Column({ name: 'expires_at', type: 'bigint' })
  expiresAt!: number;
}
