/** Calls back with each member that is there now, unless an earlier call has taken it away; those that come meanwhile wait. */
export function eachOf<T>(members: ReadonlySet<T>, run: (member: T) => void): void {
  for (const member of [...members]) if (members.has(member)) run(member);
}
