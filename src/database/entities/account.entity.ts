import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Somebody who logs in with a password of this server. */
@Entity('accounts')
@Index('accounts_by_identifier', ['identifier'], { unique: true })
export class AccountEntity {
  /** Opaque, and never used again: it is the id of the principal. */
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  /** User name, e-mail or phone number, in the one way there is to write it. */
  @Column({ type: 'varchar', length: 320 })
  identifier!: string;

  @Column({ name: 'password_hash', type: 'text' })
  passwordHash!: string;

  /** This and all times beside it: milliseconds since 1970. */
  @Column({ name: 'created_at', type: 'bigint' })
  createdAt!: number;
}
