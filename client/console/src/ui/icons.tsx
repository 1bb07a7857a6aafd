/** Outlines on a grid of 16; `currentColor` everywhere. */
const SHAPES = {
  atomes: 'M8 5.2 3 8l5 2.8L13 8 8 5.2ZM3 11l5 2.8L13 11M3 5l5-2.8L13 5',
  live: 'M1.5 8h3l2-5 3 10 2-5h3',
  history: 'M8 4.5V8l2.5 1.5M2.5 8a5.5 5.5 0 1 0 1.7-4M2.5 2.5V5H5',
  clients: 'M2 3.5h12v7H2zM5.5 13.5h5M8 10.5v3',
  health: 'M8 13.5S2 10 2 6a3 3 0 0 1 6-1 3 3 0 0 1 6 1c0 4-6 7.5-6 7.5Z',
  explain: 'M6 6a2 2 0 1 1 3 1.7c-.7.4-1 .8-1 1.6M8 11.6v.1M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0Z',
  search: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10ZM10.8 10.8 14 14',
  filter: 'M2 3.5h12L9.5 8.8V13l-3-1.5V8.8L2 3.5Z',
  plus: 'M8 3v10M3 8h10',
  close: 'm4 4 8 8M12 4l-8 8',
  check: 'm3 8.5 3.5 3.5L13 4.5',
  trash: 'M2.5 4.5h11M6.5 4V2.5h3V4M4 4.5l.6 9h6.8l.6-9M6.7 7v4M9.3 7v4',
  edit: 'm10.5 3 2.5 2.5L6 12.5 3 13l.5-3L10.5 3Z',
  rename: 'M3 4V2.5h10V4M8 2.5v11M6 13.5h4',
  move: 'M2 4.5h4l1.5 1.5H14v7H2zM5.5 9.5h5M8.5 7.5l2 2-2 2',
  share:
    'M11.5 6a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM4.5 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM11.5 14a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM6.3 7.1l3.5-2M6.3 8.9l3.5 2',
  restore: 'M3 8a5 5 0 1 0 1.6-3.7L2.5 6.3M2.5 2.5v3.8h3.8',
  chevron: 'm6 4 4 4-4 4',
  down: 'm4 6 4 4 4-4',
  up: 'm4 10 4-4 4 4',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  play: 'M5 3.2v9.6L12.5 8 5 3.2Z',
  more: 'M3.5 8h.1M8 8h.1M12.5 8h.1',
  menu: 'M2.5 4.5h11M2.5 8h11M2.5 11.5h11',
  sun: 'M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M12.6 3.4l-.7.7M4.1 11.9l-.7.7',
  lock: 'M3.5 7h9v6.5h-9zM5.5 7V5a2.5 2.5 0 0 1 5 0v2',
  tree: 'M3 2.5h4v3H3zM9 6.5h4v3H9zM9 11h4v3H9zM5 5.5v7h4M5 8h4',
  table: 'M2 3h12v10H2zM2 6.5h12M6 6.5V13',
  columns: 'M2 3h12v10H2zM6 3v10M10 3v10',
  refresh: 'M13 8a5 5 0 1 1-1.6-3.7l2.1 2M13.5 2.5v3.8H9.7',
  out: 'M6.5 3H3v10h3.5M10 5l3 3-3 3M13 8H6.5',
  cloud: 'M4.5 12.5a3 3 0 0 1-.3-6 4 4 0 0 1 7.7 1 2.6 2.6 0 0 1-.4 5h-7Z',
  docs: 'M4 2h5.5L12 4.5V14H4zM6 7h4M6 9.5h4M9.5 2v2.5H12',
} as const;

export type IconName = keyof typeof SHAPES;

/** A picture beside a text that says the same. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={SHAPES[name]} />
    </svg>
  );
}

/** The sign of the project. */
export function Sign() {
  return (
    <svg class="sign" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <rect width="16" height="16" rx="4" />
      <circle cx="8" cy="8" r="1.7" />
      <ellipse cx="8" cy="8" rx="5.8" ry="2.4" transform="rotate(-35 8 8)" />
    </svg>
  );
}
