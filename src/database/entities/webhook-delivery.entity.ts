import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** What has become of an event on its way to a webhook. */
@Entity('webhook_deliveries')
@Index('webhook_deliveries_by_time', ['webhook', 'attemptedAt'])
export class WebhookDeliveryEntity {
  @PrimaryColumn({ type: 'varchar', length: 64 })
  webhook!: string;

  @PrimaryColumn({ type: 'bigint' })
  seq!: number;

  @Column({ type: 'varchar', length: 128 })
  tenant!: string;

  @Column({ name: 'message_id', type: 'varchar', length: 64 })
  messageId!: string;

  @Column({ type: 'varchar', length: 32 })
  event!: string;

  @Column({ name: 'atome_id', type: 'varchar', length: 128 })
  atomeId!: string;

  /** `delivered`, `failing` or `dead`. */
  @Column({ type: 'varchar', length: 16 })
  status!: string;

  @Column({ type: 'integer' })
  attempts!: number;

  /** The status of the last answer; null where there was none. */
  @Column({ name: 'response_status', type: 'integer', nullable: true })
  responseStatus!: number | null;

  @Column({ type: 'text', nullable: true })
  error!: string | null;

  /** When it was tried first; this and what follows by the clock of the database: milliseconds since 1970. */
  @Column({ name: 'first_at', type: 'bigint' })
  firstAt!: number;

  @Column({ name: 'attempted_at', type: 'bigint' })
  attemptedAt!: number;

  @Column({ name: 'next_at', type: 'bigint', nullable: true })
  nextAt!: number | null;
}
