import { createValue } from '../data/value.js';

const KEY = 'atome-sync theme';
const THEMES = ['system', 'light', 'dark'] as const;

/** How the page is shown; `system` as the device is. */
export type Theme = (typeof THEMES)[number];

/** The theme that was chosen. */
export const theme = createValue<Theme>(THEMES.find((each) => each === localStorage.getItem(KEY)) ?? 'system');

/** Shows the page by the theme that was chosen. */
export function showTheme(): void {
  const chosen = theme.get();
  if (chosen === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
}

/** The next one. */
export function nextTheme(): void {
  const next = THEMES[(THEMES.indexOf(theme.get()) + 1) % THEMES.length]!;
  localStorage.setItem(KEY, next);
  theme.set(next);
  showTheme();
}
