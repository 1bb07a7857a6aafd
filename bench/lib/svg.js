import { number } from './table.js';

/* A line chart as SVG, with a logarithmic scale upwards. */

const [WIDTH, HEIGHT] = [860, 420];
const [LEFT, TOP, RIGHT, BOTTOM] = [70, 40, 290, 50];
const COLOURS = [
  '#0b6e4f',
  '#1f77b4',
  '#d1495b',
  '#edae49',
  '#66418a',
  '#8c564b',
  '#17becf',
  '#7f7f7f',
  '#bcbd22',
  '#e377c2',
];

/**
 * @param {object} chart
 * @param {string} chart.title
 * @param {string} chart.axis
 * @param {readonly string[]} [chart.ticks]  texts of the places 0, 1, 2 … on the axis; else they are powers of ten
 * @param {readonly { name: string, points: readonly (readonly [x: number, y: number])[] }[]} chart.series
 */
export function lineChart({ title, axis, ticks, series }) {
  const points = series.flatMap((each) => each.points);
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => Math.log10(Math.max(y, 1e-6)));
  const x = scale(Math.min(...xs), Math.max(...xs), LEFT, WIDTH - RIGHT);
  const [low, high] = [Math.floor(Math.min(...ys)), Math.ceil(Math.max(...ys) + 1e-9)];
  const y = scale(low, Math.max(high, low + 1), HEIGHT - BOTTOM, TOP);
  const places = ticks?.map((text, place) => ({ place, text })) ?? powers(Math.min(...xs), Math.max(...xs));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    `<text x="${LEFT}" y="22" font-size="15">${escape(title)}</text>`,
    ...powers(low, Math.max(high, low + 1)).map(({ place, text }) => grid(LEFT, WIDTH - RIGHT, y(place), text)),
    ...places.map(({ place, text }) => label(x(place), HEIGHT - BOTTOM + 18, text)),
    label((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, axis),
    ...series.flatMap((each, index) => line(each, index, x, y)),
    '</svg>\n',
  ].join('\n');
}

/**
 * @param {{ name: string, points: readonly (readonly [number, number])[] }} series
 * @param {number} index
 * @param {(value: number) => number} x
 * @param {(value: number) => number} y
 */
function line({ name, points }, index, x, y) {
  const colour = COLOURS[index % COLOURS.length];
  const dash = index >= COLOURS.length ? ' stroke-dasharray="4 3"' : '';
  const at = points.map(([px, py]) => `${x(px).toFixed(1)},${y(Math.log10(Math.max(py, 1e-6))).toFixed(1)}`);
  const top = TOP + 10 + index * 17;
  return [
    `<polyline points="${at.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"${dash}/>`,
    `<line x1="${WIDTH - RIGHT + 15}" x2="${WIDTH - RIGHT + 35}" y1="${top - 4}" y2="${top - 4}" stroke="${colour}" stroke-width="2"${dash}/>`,
    `<text x="${WIDTH - RIGHT + 40}" y="${top}">${escape(name)}</text>`,
  ];
}

/** @param {number} from @param {number} to @param {number} start @param {number} end */
function scale(from, to, start, end) {
  return (/** @type {number} */ value) => start + ((value - from) / (to - from || 1)) * (end - start);
}

/** @param {number} low @param {number} high */
function powers(low, high) {
  const places = [];
  for (let place = Math.ceil(low); place <= high; place += 1) places.push({ place, text: number(10 ** place) });
  return places;
}

/** @param {number} left @param {number} right @param {number} at @param {string} text */
function grid(left, right, at, text) {
  return `<line x1="${left}" x2="${right}" y1="${at}" y2="${at}" stroke="#ddd"/><text x="${left - 6}" y="${at + 4}" text-anchor="end">${text}</text>`;
}

/** @param {number} at @param {number} top @param {string} text */
function label(at, top, text) {
  return `<text x="${at}" y="${top}" text-anchor="middle">${escape(text)}</text>`;
}

/** @param {string} text */
function escape(text) {
  return text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}
