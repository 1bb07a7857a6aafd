import { sameRights, type Rights } from '../access.js';
import { contentOf, type AtomeState, type Content } from '../atome.js';
import { AtomeError, invalid } from '../errors.js';
import type { Hlc } from '../hlc.js';
import { checkJson, equalJson } from '../json.js';
import type { Limits } from '../limits.js';
import { OPERATION_TRAITS } from '../operation-traits.js';
import type { ReadyMutation } from '../operations.js';
import { assignments, patchSteps, type Assignment } from './assignments.js';
import { clockAt, isLongKey, MAX_KEY_BYTES, PARTS, valueAt, type Part } from './keys.js';
import { isRedacted, redacted } from './tombstone.js';

/** What a write does: nothing, or an alteration that is older than what it met on some keys. */
export type Decision =
  | { readonly outcome: 'noop' }
  | {
      readonly outcome: 'applied';
      readonly superseded: readonly string[];
      /** What it makes of the keys that it writes, for the fold; left out: nothing of keys. */
      readonly written?: readonly Assignment[];
    };

const NOOP: Decision = { outcome: 'noop' };

/**
 * Decides one write against the state it meets. Last writer wins for each key by `hlc`; where the stamps
 * are equal the later arrival wins. JSON Patch steps apply to the value as it is.
 * @throws AtomeError `not_found`, `exists`, `gone`, `conflict` or `patch_failed`.
 */
export function decide(
  state: AtomeState | null,
  mutation: ReadyMutation,
  hlc: Hlc,
  limits: Pick<Limits, 'jsonDepth' | 'jsonNodes' | 'messageBytes'>,
): Decision {
  if (mutation.operation === 'create') return decideCreate(state, mutation.atomeId, mutation.changes);
  if (!state) {
    throw new AtomeError('not_found', `there is no atome "${mutation.atomeId}"; create it first`);
  }
  if (isRedacted(state)) {
    if (mutation.operation === 'redact') return NOOP;
    throw redacted(state);
  }
  if (mutation.baseVersion !== null && mutation.baseVersion !== state.version) {
    throw new AtomeError(
      'conflict',
      `the write is based on version ${mutation.baseVersion}, but the atome is at version ${state.version}; read it again and repeat`,
      { version: state.version },
    );
  }
  if (mutation.operation === 'redact') return { outcome: 'applied', superseded: [] };
  if (state.deletedAt !== null && !OPERATION_TRAITS[mutation.operation].onDeleted) throw gone(state);
  // never superseded by clocks: taking a right away must not lose against a clock that is fast
  if (mutation.operation === 'share') {
    return sameRights(state, mutation.changes) ? NOOP : { outcome: 'applied', superseded: [] };
  }
  const steps = patchSteps(mutation);
  const budget = { values: limits.jsonNodes, chars: limits.messageBytes };
  const written = assignments(state, mutation, { budget });
  const changed = written.filter(({ path, value, location }) => !equalJson(valueAt(state, path, location), value));
  if (changed.length === 0) return NOOP;
  for (const { value, location } of changed)
    if (location && value !== undefined) assertKey(location.part, location.key);
  if (steps) {
    changed.forEach(({ path, value }) => {
      const problem = value === undefined ? undefined : checkJson({ [path]: value }, limits);
      if (problem) throw invalid([{ ...problem, path: problem.path || path }], problem.code);
    });
    return { outcome: 'applied', superseded: [], written };
  }
  return {
    outcome: 'applied',
    written,
    superseded: changed
      .filter(({ path, location }) => (clockAt(state, path, location) ?? '') > hlc)
      .map(({ path }) => path),
  };
}

function decideCreate(state: AtomeState | null, id: string, content: Content & Rights): Decision {
  if (!state) {
    for (const part of PARTS) for (const key of Object.keys(content[part])) assertKey(part, key);
    return { outcome: 'applied', superseded: [] };
  }
  if (isRedacted(state)) throw redacted(state);
  if (state.deletedAt !== null) throw gone(state);
  // who asks for no access takes what there is
  const asSaid = content.access === undefined || sameRights(state, content);
  if (asSaid && equalJson(contentOf(state), contentOf(content))) return NOOP;
  throw new AtomeError('exists', `there is already another atome "${id}"; alter it, or create one with another id`, {
    version: state.version,
  });
}

function assertKey(part: Part, key: string): void {
  if (!isLongKey(key)) return;
  const message = `has a name of more than ${MAX_KEY_BYTES} bytes; use a shorter key, and keep the text in its value`;
  throw invalid([{ path: `${part}.${key.slice(0, 32)}…`, message }]);
}

function gone(state: AtomeState): AtomeError {
  return new AtomeError('gone', `the atome "${state.id}" was deleted; restore it first`, {
    version: state.version,
    deletedAt: state.deletedAt,
  });
}
