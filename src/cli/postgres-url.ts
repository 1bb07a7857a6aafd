/** The address of a PostgreSQL without the password: what is an argument, other users of the machine can see. */
export function withoutPassword(databaseUrl: string): string {
  return databaseUrl.replace(/^(\w+:\/\/[^:@/?]*):[^/?]*@/, '$1@');
}

/** What stands before a command of PostgreSQL's, so that it has the password from the variable `DATABASE_URL`; empty without one. */
export function passwordFor(databaseUrl: string): string {
  if (withoutPassword(databaseUrl) === databaseUrl) return '';
  return `PGPASSWORD="$(node -p 'decodeURIComponent(new URL(process.env.DATABASE_URL).password)')" `;
}
