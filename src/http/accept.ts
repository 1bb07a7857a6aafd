import { isUtf8Type, parseMediaType, type MediaType } from './media-type.js';

/** How well an offer fits what a request says in `Accept`; the greater comes first, member by member. */
type Fit = readonly [quality: number, precision: number, position: number];

interface Range extends MediaType {
  readonly quality: number;
  readonly position: number;
}

/**
 * Which of the types that a route can answer with a request likes best (RFC 9110 §12.5.1). The most precise range decides
 * about an offer. Of equal quality, what is named comes before what a wildcard covers, then what is named first, then
 * what is offered first. Where nothing fits, or `Accept` cannot be read, the first offer is the answer.
 */
export function preferredType<T extends string>(accept: string | undefined, offers: readonly [T, ...T[]]): T {
  if (accept === undefined) return offers[0];
  const ranges = rangesOf(accept);
  let [best, bestFit]: [T, Fit] = [offers[0], [0, 0, 0]];
  for (const offer of offers) {
    const fit = fitOf(offer, ranges);
    if (fit && isBetter(fit, bestFit)) [best, bestFit] = [offer, fit];
  }
  return best;
}

function fitOf(offer: string, ranges: readonly Range[]): Fit | undefined {
  let decisive: { range: Range; precision: number } | undefined;
  for (const range of ranges) {
    const precision = precisionOf(range, offer);
    if (precision > (decisive?.precision ?? 0)) decisive = { range, precision };
  }
  return decisive && [decisive.range.quality, decisive.precision, -decisive.range.position];
}

function isBetter(fit: Fit, than: Fit): boolean {
  const at = fit.findIndex((member, i) => member !== than[i]);
  return at >= 0 && fit[at]! > than[at]! && fit[0] > 0;
}

/** 0: does not cover the offer. All our texts are UTF-8; a range with any other parameter asks for something else. */
function precisionOf(range: Range, offer: string): number {
  const { name, parameters } = range;
  const others = parameters.size - (parameters.has('charset') ? 1 : 0);
  if (others > 0 || !isUtf8Type(range)) return 0;
  if (name === offer) return 3 + parameters.size;
  if (name === `${offer.split('/', 1)[0]!}/*`) return 2;
  return name === '*/*' ? 1 : 0;
}

/** Commas within quotes part nothing. What is no range, or has no quality from 0 to 1, is left out. */
function rangesOf(accept: string): Range[] {
  const parts = accept.match(/(?:[^,"]|"(?:[^"\\]|\\.)*"?)+/g) ?? [];
  return parts.flatMap((part, position) => {
    const type = parseMediaType(part);
    const quality = type?.parameters.get('q') ?? '1';
    if (!type || !/^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(quality)) return [];
    const parameters = new Map([...type.parameters].filter(([name]) => name !== 'q'));
    return [{ name: type.name, parameters, quality: Number(quality), position }];
  });
}
