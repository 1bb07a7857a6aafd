import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icons.js';

interface ButtonProps {
  readonly icon?: IconName;
  /** What it says; with `isBare` only to those who cannot see it, and as a tip. */
  readonly label: string;
  readonly onClick?: (event: MouseEvent) => unknown;
  readonly tone?: 'main' | 'danger' | 'plain';
  readonly isBare?: boolean;
  readonly disabled?: boolean;
  readonly isPressed?: boolean;
  readonly isExpanded?: boolean;
  /** A key that does the same. */
  readonly hint?: string;
  readonly type?: 'button' | 'submit';
  /** What is said of it to those who cannot see where it stands. */
  readonly about?: string;
  readonly children?: ComponentChildren;
}

/** A button. */
export function Button(props: ButtonProps) {
  const { icon, label, onClick, tone = 'plain', isBare = false, disabled = false, hint, about, children } = props;
  const name = about === undefined ? label : `${label} ${about}`;
  return (
    <button
      type={props.type ?? 'button'}
      class={`button ${tone}${isBare ? ' bare' : ''}`}
      aria-label={isBare || about !== undefined ? name : undefined}
      aria-pressed={props.isPressed}
      aria-expanded={props.isExpanded}
      title={isBare ? `${label}${hint ? ` (${hint})` : ''}` : hint}
      disabled={disabled}
      onClick={onClick}
    >
      {icon && <Icon name={icon} />}
      {!isBare && <span>{label}</span>}
      {children}
    </button>
  );
}
