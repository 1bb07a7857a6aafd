import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * The current state of an atome: a view of the ledger, written in the same transaction.
 * Order by `seq` is order by `updatedAt`, and order by `created_seq` is order by `createdAt`.
 */
@Entity('atomes')
@Index('atomes_by_seq', ['tenant', 'seq'])
@Index('atomes_by_creation', ['tenant', 'createdSeq'])
@Index('atomes_by_kind', ['tenant', 'kind', 'seq'])
@Index('atomes_by_parent', ['tenant', 'parentId', 'seq'])
@Index('atomes_by_heritage', ['tenant', 'heirOf'], { where: '"heir_of" IS NOT NULL' })
export class AtomeEntity {
  @PrimaryColumn({ type: 'varchar', length: 128 })
  tenant!: string;

  @PrimaryColumn({ type: 'varchar', length: 128 })
  id!: string;

  @Column({ type: 'varchar', length: 64 })
  kind!: string;

  @Column({ type: 'varchar', length: 64, nullable: true })
  type!: string | null;

  @Column({ type: 'text' })
  data!: string;

  @Column({ type: 'text' })
  meta!: string;

  @Column({ name: 'parent_id', type: 'varchar', length: 128, nullable: true })
  parentId!: string | null;

  @Column({ name: 'owner_id', type: 'varchar', length: 128 })
  ownerId!: string;

  @Column({ type: 'integer' })
  version!: number;

  @Column({ name: 'created_at', type: 'varchar', length: 24 })
  createdAt!: string;

  @Column({ name: 'updated_at', type: 'varchar', length: 24 })
  updatedAt!: string;

  @Column({ name: 'deleted_at', type: 'varchar', length: 24, nullable: true })
  deletedAt!: string | null;

  /** JSON object: the stamp of each key's last writer. */
  @Column({ type: 'text' })
  clocks!: string;

  /** Seq of its newest alteration. */
  @Column({ type: 'bigint' })
  seq!: number;

  @Column({ name: 'created_seq', type: 'bigint' })
  createdSeq!: number;

  /** `base` of its newest alteration. */
  @Column({ type: 'integer' })
  base!: number;

  /** About how many characters the rows since `base` take: decides when the next snapshot is due. */
  @Column({ type: 'integer' })
  weight!: number;

  /** Bytes of all of its texts, in UTF-8. */
  @Column({ type: 'integer', default: 0 })
  size!: number;

  /** JSON object: its rights, and who could ever see it; null when it was always open to all of its tenant. */
  @Column({ type: 'text', nullable: true })
  access!: string | null;

  /** Who may read it, each name between two line ends; null when everybody in the tenant may. */
  @Column({ type: 'text', nullable: true })
  readers!: string | null;

  /** The parent whose access it inherits. */
  @Column({ name: 'heir_of', type: 'varchar', length: 128, nullable: true })
  heirOf!: string | null;
}
