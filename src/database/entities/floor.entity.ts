import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Where the history of a tenant's ledger begins: a signed statement of what stood there. Without a row, at its first alteration. */
@Entity('floors')
export class FloorEntity {
  @PrimaryColumn({ type: 'varchar', length: 128 })
  tenant!: string;

  /** All alterations up to here are in archives, and no longer in the ledger. */
  @Column({ type: 'bigint' })
  seq!: number;

  /** Chain hash at `seq`. */
  @Column({ type: 'varchar', length: 64 })
  hash!: string;

  /** Time of that alteration. */
  @Column({ type: 'varchar', length: 24 })
  timestamp!: string;

  /** How many atomes had been created by then. */
  @Column({ type: 'bigint' })
  atomes!: number;

  /** SHA-256 over the digests of their bases. */
  @Column({ type: 'varchar', length: 64 })
  states!: string;

  /** The floor before: the newest archive begins behind it. */
  @Column({ type: 'bigint' })
  previous!: number;

  /** Name of the newest archive. */
  @Column({ type: 'text' })
  archive!: string;

  /** SHA-256 of that file. */
  @Column({ name: 'archive_digest', type: 'varchar', length: 64 })
  archiveDigest!: string;

  /** Ed25519, in base64. */
  @Column({ name: 'public_key', type: 'varchar', length: 64 })
  publicKey!: string;

  /** Of all of the above, in base64. */
  @Column({ type: 'varchar', length: 96 })
  signature!: string;
}
