import { useNow } from '../../data/value.js';
import type { Stream } from '../../data/stream.js';

const [WIDTH, HEIGHT] = [300, 56];

/** Events of the last minute, a bar for each second, with the mean latency as a line. */
export function Chart({ stream }: { readonly stream: Stream }) {
  useNow(1_000);
  const seconds = stream.seconds();
  const most = Math.max(1, ...seconds.map(({ count }) => count));
  const latencies = seconds.map(({ latencyMs }) => latencyMs);
  const slowest = Math.max(10, ...latencies.filter((ms) => ms !== null));
  const step = WIDTH / seconds.length;
  const points = latencies.flatMap((ms, at) =>
    ms === null ? [] : [`${(at + 0.5) * step},${HEIGHT - 4 - (ms / slowest) * (HEIGHT - 10)}`],
  );
  const last = seconds.at(-2)?.count ?? 0;
  const known = latencies.filter((ms) => ms !== null);
  const mean = known.length > 0 ? known.reduce((sum, ms) => sum + ms, 0) / known.length : undefined;
  return (
    <figure class="chart">
      <figcaption>
        <span>
          <i class="key bars" /> <strong>{last}</strong> events/s
        </span>
        <span>
          <i class="key line" /> <strong>{mean === undefined ? '–' : mean.toFixed(0)}</strong> ms latency
        </span>
      </figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Events a second over the last minute, at most ${most}; mean latency ${mean?.toFixed(0) ?? 'not known'} ms`}
      >
        {seconds.map(({ count }, at) => {
          const height = count === 0 ? 1 : Math.max(2, (count / most) * (HEIGHT - 6));
          return <rect key={at} x={at * step + 0.5} width={step - 1} y={HEIGHT - height} height={height} rx={0.8} />;
        })}
        {points.length > 1 && <polyline points={points.join(' ')} />}
      </svg>
    </figure>
  );
}
