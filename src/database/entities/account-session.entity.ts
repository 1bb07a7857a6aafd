import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** One login of an account, on one device. Its refresh token is two halves, of which only hashes are kept. */
@Entity('account_sessions')
@Index('account_sessions_by_family', ['familyHash'], { unique: true })
@Index('account_sessions_by_account', ['accountId'])
@Index('account_sessions_by_revocation', ['revokedAt'])
@Index('account_sessions_by_expiry', ['expiresAt'])
export class AccountSessionEntity {
  /** The claim `sid` of its access tokens. */
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  @Column({ name: 'account_id', type: 'varchar', length: 36 })
  accountId!: string;

  /** Of the half that all refresh tokens of the session share. */
  @Column({ name: 'family_hash', type: 'varchar', length: 64 })
  familyHash!: string;

  /** Of the half that is good for one refresh. */
  @Column({ name: 'secret_hash', type: 'varchar', length: 64 })
  secretHash!: string;

  @Column({ name: 'rotated_at', type: 'bigint' })
  rotatedAt!: number;

  @Column({ name: 'expires_at', type: 'bigint' })
  expiresAt!: number;

  @Column({ name: 'revoked_at', type: 'bigint', nullable: true })
  revokedAt!: number | null;
}
