import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The head of one tenant's ledger. Its row is the lock that makes seq gapless and in commit order. */
@Entity('ledgers')
export class LedgerEntity {
  @PrimaryColumn({ type: 'varchar', length: 128 })
  tenant!: string;

  @Column({ type: 'varchar', length: 36 })
  epoch!: string;

  @Column({ type: 'bigint' })
  seq!: number;

  /** Chain hash at `seq`. */
  @Column({ type: 'varchar', length: 64 })
  hash!: string;

  /** Time of the last alteration: the next is never earlier. */
  @Column({ type: 'varchar', length: 24 })
  timestamp!: string;

  /** How many atomes there are that are not deleted. */
  @Column({ type: 'bigint', default: 0 })
  atomes!: number;

  /** Bytes of the texts of all atomes, alterations and receipts. */
  @Column({ type: 'bigint', default: 0 })
  bytes!: number;

  /** How many atomes there are of each kind, see `KindTotals`. */
  @Column({ type: 'text', default: '[]' })
  kinds!: string;
}
