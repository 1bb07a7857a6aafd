import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icons.js';

interface StateProps {
  readonly icon: IconName;
  readonly title: string;
  readonly children?: ComponentChildren;
}

/** What is shown where there is nothing else to show. */
export function Blank({ icon, title, children }: StateProps) {
  return (
    <div class="blank">
      <Icon name={icon} />
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** Grey bars while something is being read. */
export function Loading({ label, rows = 6 }: { readonly label: string; readonly rows?: number }) {
  return (
    <div class="loading" role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, row) => (
        <span key={row} class="bone" />
      ))}
    </div>
  );
}
