/** The address of a PostgreSQL without the password: what is an argument, other users of the machine can see. */
export function withoutPassword(databaseUrl: string): string {
  const [place = '', ...rest] = databaseUrl.replace(/^(\w+:\/\/[^:@/?]*):[^/?]*@/, '$1@').split('?');
  const query = rest.flatMap((each) => each.split('&')).filter((each) => !new URLSearchParams(each).has('password'));
  return query.length === 0 ? place : `${place}?${query.join('&')}`;
}

/** Takes it from where the driver of the server does. */
const READ =
  'const url = new URL(process.env.DATABASE_URL); url.searchParams.get("password") || decodeURIComponent(url.password)';

/** A command of PostgreSQL's as it is to be called: with the password of the variable `DATABASE_URL`, where there is one. */
export function withPassword(databaseUrl: string, command: string): string {
  if (withoutPassword(databaseUrl) === databaseUrl) return command;
  // a flag or a file .env of ours says nothing to a shell
  return `PGPASSWORD="$(node -p '${READ}')" ${command}    # export DATABASE_URL first: the password is taken from it`;
}
