import { ANONYMOUS } from '../auth/authentication/anonymous.js';
import { AtomeError, type Condition, type Principal, type Term } from '../protocol/index.js';

/** Comparisons that each alteration of a tenant is judged by at most, all different conditions together … */
const TENANT_TERMS = 5_000;
/** … and those that one principal has brought. */
const PRINCIPAL_TERMS = 1_000;
/** To look through a text takes as long as so many comparisons. */
const TEXT = 10;
/** When it is worth trying again, in milliseconds. */
const RETRY_MS = 5_000;

/** Bounds what each alteration of a tenant costs by the conditions that are followed. */
export class ConditionBudget {
  private total = 0;
  private readonly principals = new Map<string, number>();

  /**
   * @returns what gives it back, once.
   * @throws AtomeError `unavailable` where the tenant has too many, `rate_limited` where the principal has.
   */
  take(principal: Principal, condition: Condition): () => void {
    const { id } = principal;
    const terms = termsOf(condition);
    // where nobody is known, one name stands for everybody
    const own = principal === ANONYMOUS ? 0 : (this.principals.get(id) ?? 0);
    if (own + terms > PRINCIPAL_TERMS) throw refused('rate_limited', 'you follow', PRINCIPAL_TERMS);
    if (this.total + terms > TENANT_TERMS) throw refused('unavailable', 'your tenant follows', TENANT_TERMS);
    this.add(id, terms);
    return () => this.add(id, -terms);
  }

  private add(id: string, terms: number): void {
    this.total += terms;
    const own = (this.principals.get(id) ?? 0) + terms;
    if (own === 0) this.principals.delete(id);
    else this.principals.set(id, own);
  }
}

function termsOf(condition: Condition): number {
  if ('not' in condition) return termsOf(condition.not);
  const parts = 'all' in condition ? condition.all : 'any' in condition ? condition.any : undefined;
  if (parts) return parts.reduce((sum, part) => sum + termsOf(part), 0);
  const { operator, value } = condition as Term & { readonly value?: unknown };
  const isLookedThrough = operator !== 'eq' && operator !== 'startsWith' && typeof value === 'string';
  return isLookedThrough ? TEXT : 1;
}

function refused(code: 'rate_limited' | 'unavailable', who: string, most: number): AtomeError {
  const message = `all different conditions that ${who} may come to ${most} comparisons, one that looks through a text counts ${TEXT}; end a subscription, or follow a condition that others follow`;
  return new AtomeError(code, message, { retryAfter: RETRY_MS });
}
