import { invalid } from '../protocol/index.js';

/** A place in the ledger, by seq or by time. */
export type AsOfPoint = { readonly seq: number } | { readonly time: string };

// the time of day needs a zone, or it would depend on where the server stands
const TIME = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?(?:Z|[+-](\d\d):(\d\d)))?$/;
/** A `+` that stands in an address as it is means a space. */
const SPACE_AS_ZONE = /^\S*T\S* \d\d:?\d\d$/;

/** Reads a seq, or an ISO 8601 time. @throws AtomeError `invalid`, with a message that names the cure. */
export function parseAsOfPoint(text: string, path: string): AsOfPoint {
  if (/^\d{1,15}$/.test(text)) return { seq: Number(text) };
  const fields = TIME.exec(text);
  const problem = fields ? problemOf(fields.slice(1).map(Number)) : shapeProblem(text);
  if (problem !== undefined) throw invalid([{ path, message: problem }]);
  const time = new Date(text).toISOString();
  // the zone can lead out of the years of four digits, whose text sorts as they do
  if (time.length !== FOUR_DIGITS) throw invalid([{ path, message: 'must be in the years 0000 to 9999 in UTC' }]);
  return { time };
}

const FOUR_DIGITS = '2026-01-31T12:00:00.000Z'.length;

function shapeProblem(text: string): string {
  if (TIME.test(`${text}Z`)) return 'has no zone; add Z for UTC, or the zone such as %2B01:00';
  if (SPACE_AS_ZONE.test(text)) return 'has a space where its zone begins; write the + of the zone as %2B';
  return 'must be a seq, or an ISO 8601 time such as 2026-01-31T12:00:00Z';
}

/** Why there is no such time; undefined when there is. `Date` would take the days after for it. */
function problemOf([year, month, day, hour, minute, second, zoneHour, zoneMinute]: number[]): string | undefined {
  const daysOfMonth = new Date(Date.UTC(2000 + (year! % 400), month, 0)).getUTCDate();
  if (!isWithin(month, 1, 12) || !isWithin(day, 1, daysOfMonth)) return 'names a day that is not in the calendar';
  if (second === 60) return 'is a leap second, which is not counted here; give the second before or after it';
  if (isWithin(hour, 0, 23) && isWithin(minute, 0, 59) && isWithin(second, 0, 59)) {
    if (isWithin(zoneHour, 0, 23) && isWithin(zoneMinute, 0, 59)) return undefined;
    return 'has a zone that is not from -23:59 to +23:59';
  }
  return 'names a time of day that there is not; it goes from 00:00:00 to 23:59:59';
}

/** What was left out is right. */
function isWithin(value: number | undefined, least: number, most: number): boolean {
  return value === undefined || Number.isNaN(value) || (value >= least && value <= most);
}
