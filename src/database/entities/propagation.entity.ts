import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * A change of an atome's access of which those that inherit it have still to be told. As long as a tenant has one, what
 * inherits is judged by the atomes above it too.
 */
@Entity('propagations')
@Index('propagations_by_seq', ['tenant', 'seq'])
export class PropagationEntity {
  @PrimaryColumn({ type: 'varchar', length: 128 })
  tenant!: string;

  /** The atome whose access has changed. */
  @PrimaryColumn({ name: 'parent_id', type: 'varchar', length: 128 })
  parentId!: string;

  /** Those of its descendants with an id up to this have been told. */
  @Column({ name: 'after_id', type: 'varchar', length: 128 })
  afterId!: string;

  /** Seq of the change. */
  @Column({ type: 'bigint' })
  seq!: number;

  /** Who has changed it. */
  @Column({ type: 'varchar', length: 128 })
  author!: string;

  /** The atome with whose change it began. */
  @Column({ type: 'varchar', length: 128 })
  origin!: string;

  /** 1: all descendants are told, also those that have the access already: they may have been without it in between. */
  @Column({ type: 'integer' })
  again!: number;
}
