import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** What an atome was after its newest alteration at or below the floor: what stands behind it is folded onto that. */
@Entity('bases', { withoutRowid: true })
@Index('bases_by_version', ['tenant', 'atomeId', 'version'], { unique: true })
export class BaseEntity {
  @PrimaryColumn({ type: 'varchar', length: 128 })
  tenant!: string;

  /** Of that alteration, as the version, the time and the hash are. */
  @PrimaryColumn({ type: 'bigint' })
  seq!: number;

  @Column({ name: 'atome_id', type: 'varchar', length: 128 })
  atomeId!: string;

  @Column({ type: 'integer' })
  version!: number;

  @Column({ type: 'varchar', length: 24 })
  timestamp!: string;

  @Column({ type: 'varchar', length: 64 })
  hash!: string;

  @Column({ name: 'created_seq', type: 'bigint' })
  createdSeq!: number;

  /** `hlc` of its first alteration. */
  @Column({ type: 'varchar', length: 96 })
  created!: string;

  /** As that of an alteration; JSON's null where it is erased. */
  @Column({ type: 'text' })
  snapshot!: string;

  /** JSON object: what no snapshot has, see `Standing`. Null as that is. */
  @Column({ type: 'text' })
  rest!: string;

  /** Empty where it is erased. */
  @Column({ type: 'varchar', length: 32 })
  salt!: string;

  /** SHA-256 of salt and texts; stays where they are erased. */
  @Column({ type: 'varchar', length: 64 })
  digest!: string;
}
