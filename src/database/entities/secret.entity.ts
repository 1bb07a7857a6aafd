import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What the servers of one database share, and nobody else knows. */
@Entity('secrets')
export class SecretEntity {
  @PrimaryColumn({ type: 'varchar', length: 16 })
  name!: string;

  /** Base64. */
  @Column({ type: 'text' })
  secret!: string;
}
