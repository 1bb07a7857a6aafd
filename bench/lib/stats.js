/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Half the distance from lowest to highest, as a share of the median.
 * @param {readonly number[]} values
 */
export function spread(values) {
  return (Math.max(...values) - Math.min(...values)) / 2 / Math.abs(median(values)) || 0;
}

/** More is better for what is counted by the second; less for all else. @param {string} metric */
export function moreIsBetter(metric) {
  return metric.endsWith('/s');
}

const PERCENTILES = [50, 75, 90, 95, 99, 99.9, 100];

/**
 * The tail of a histogram of nanoseconds, in milliseconds, for the plots.
 * @param {import('node:perf_hooks').RecordableHistogram} histogram
 * @returns {[percentile: number, ms: number][]}
 */
export function percentiles(histogram) {
  return PERCENTILES.map((each) => [each, histogram.percentile(each) / 1e6]);
}
