import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A write that was taken here and refused by the server above. */
@Entity('edge_refusals')
export class EdgeRefusalEntity {
  @PrimaryColumn({ type: 'varchar', length: 128 })
  tenant!: string;

  /** Of the own ledger. */
  @PrimaryColumn({ type: 'bigint' })
  seq!: number;

  @Column({ name: 'atome_id', type: 'varchar', length: 128 })
  atomeId!: string;

  @Column({ name: 'op_id', type: 'varchar', length: 200, nullable: true })
  opId!: string | null;

  @Column({ type: 'varchar', length: 128 })
  author!: string;

  @Column({ type: 'varchar', length: 32 })
  code!: string;

  @Column({ type: 'text' })
  message!: string;

  /** Milliseconds since 1970. */
  @Column({ name: 'refused_at', type: 'bigint' })
  refusedAt!: number;
}
