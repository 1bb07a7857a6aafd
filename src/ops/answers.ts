/* What calls about health are answered, as Terminus has it. */

/** What was found of one thing that was looked at. */
export interface HealthOfOne {
  readonly status: 'up' | 'down';
  readonly [detail: string]: unknown;
}

/** How a process is. */
export interface HealthAnswer {
  readonly status: 'ok' | 'error' | 'shutting_down';
  /** What is well. */
  readonly info?: Readonly<Record<string, HealthOfOne>>;
  /** What is not. */
  readonly error?: Readonly<Record<string, HealthOfOne>>;
  /** Both. */
  readonly details: Readonly<Record<string, HealthOfOne>>;
}
