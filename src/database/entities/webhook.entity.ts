import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Where the events of a tenant are posted to. */
@Entity('webhooks')
@Index('webhooks_by_tenant', ['tenant'])
export class WebhookEntity {
  @PrimaryColumn({ type: 'varchar', length: 64 })
  id!: string;

  @Column({ type: 'varchar', length: 128 })
  tenant!: string;

  @Column({ type: 'text' })
  url!: string;

  /** JSON: an array, or null for all. */
  @Column({ type: 'text' })
  kinds!: string;

  /** JSON: an array, or null for all. */
  @Column({ type: 'text' })
  events!: string;

  @Column({ type: 'text' })
  description!: string;

  /** 1: it is sent. */
  @Column({ type: 'integer' })
  enabled!: number;

  /** Why the server has stopped it. */
  @Column({ name: 'disabled_reason', type: 'text', nullable: true })
  disabledReason!: string | null;

  @Column({ type: 'text' })
  secret!: string;

  /** Signs too, for a while. */
  @Column({ name: 'previous_secret', type: 'text', nullable: true })
  previousSecret!: string | null;

  /** How long it does, by the clock of the database: milliseconds since 1970. */
  @Column({ name: 'previous_until', type: 'bigint' })
  previousUntil!: number;

  /** In whose name events are read. */
  @Column({ name: 'created_by', type: 'text' })
  createdBy!: string;

  @Column({ name: 'created_at', type: 'bigint' })
  createdAt!: number;
}
