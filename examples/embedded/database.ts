import { Column, DataSource, Entity, PrimaryColumn, type DataSourceOptions } from 'typeorm';
import { PRICES } from './kinds.js';

/* The shop's own tables, beside those of the atomes in one database. */

@Entity('stock')
export class Stock {
  @PrimaryColumn('varchar')
  article!: string;

  @Column('integer')
  left!: number;
}

@Entity('bills')
export class Bill {
  /** The order's. */
  @PrimaryColumn('varchar')
  id!: string;

  @Column('integer')
  total!: number;
}

/** What is there of each article on the first day. */
const STOCK = 100;

/** Opens the database, SQLite or PostgreSQL as its URL says. */
export async function openDatabase(url: string): Promise<DataSource> {
  const place: DataSourceOptions = url.startsWith('sqlite:')
    ? { type: 'better-sqlite3', database: url.slice('sqlite:'.length), enableWAL: true }
    : { type: 'postgres', url };
  // an application in production has migrations instead
  const database = await new DataSource({ ...place, entities: [Stock, Bill], synchronize: true }).initialize();
  const stock = Object.keys(PRICES).map((article) => ({ article, left: STOCK }));
  await database.createQueryBuilder().insert().into(Stock).values(stock).orIgnore().execute();
  return database;
}
