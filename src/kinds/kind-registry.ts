import { isSystem } from '../auth/authentication/anonymous.js';
import type { IndexedField } from '../ledger/field-indexes.js';
import type { JudgedWrite, KindRules } from '../ledger/write/kind-rules.js';
import type { PreparedMutation } from '../ledger/write/prepared-mutation.js';
import { undecidable } from '../ledger/write/undecidable.js';
import {
  equalJson,
  invalid,
  jsonOf,
  type AtomeState,
  type Content,
  type Issue,
  type JsonObject,
  type JsonValue,
  type Principal,
} from '../protocol/index.js';
import { fieldIn } from './kind-checks.js';
import type { BeforeWrite, KindOptions, Kinds } from './kind-options.js';
import { SCHEMA_VERSION, SchemaUpgrades, withoutVersion } from './schema-upgrades.js';
import { pointerOf, validatorOf, type Validator } from './validator.js';

/** What holds for the atomes of one kind. */
interface Rule {
  readonly validate: Validator | undefined;
  readonly defaults: readonly (readonly [key: string, value: JsonValue])[];
  readonly readonly: readonly string[];
  readonly immutable: readonly string[];
  readonly upgrades: SchemaUpgrades | undefined;
  readonly hook: BeforeWrite | undefined;
  /** An atome with such keys stays of its kind: elsewhere they would be anybody's. */
  readonly isKept: boolean;
}

function ruleOf({ schema, defaults = {}, readonly = [], immutable = [], upgrades, beforeWrite }: KindOptions): Rule {
  return {
    validate: schema && validatorOf(schema),
    upgrades: upgrades && new SchemaUpgrades(upgrades),
    defaults: Object.entries(jsonOf(defaults) as JsonObject),
    readonly,
    immutable,
    hook: beforeWrite,
    isKept: readonly.length > 0 || immutable.length > 0,
  };
}

/** The kinds that an application has told of, each with what is asked of its atomes. */
export class KindRegistry implements KindRules {
  private readonly rules: ReadonlyMap<string, Rule>;

  /** @param isOnly whether there are no others. @throws Error for a schema that is not usable. */
  constructor(
    readonly kinds: Kinds = {},
    readonly isOnly = false,
  ) {
    this.rules = new Map(Object.entries(kinds).map(([kind, options]) => [kind, ruleOf(options)]));
  }

  /** Whether writes to any of them are to be shown to the application. */
  get hasHooks(): boolean {
    return [...this.rules.values()].some(({ hook }) => hook);
  }

  hookOf(kind: string): BeforeWrite | undefined {
    return this.rules.get(kind)?.hook;
  }

  /** The kinds whose schema has had versions, each with the newest one. */
  get upgraded(): readonly (readonly [kind: string, version: number])[] {
    return [...this.rules].flatMap(([kind, { upgrades }]) => (upgrades ? [[kind, upgrades.version] as const] : []));
  }

  /** The fields that lists are to find atomes by. */
  get indexed(): readonly IndexedField[] {
    return Object.entries(this.kinds).flatMap(([kind, { indexed = [] }]) =>
      indexed.map((path) => ({ kind, field: fieldIn(path)! })),
    );
  }

  complete(mutation: PreparedMutation, known?: string): PreparedMutation {
    if (mutation.operation !== 'create' && mutation.operation !== 'replace') return mutation;
    const { kind = known, data: said } = mutation.changes;
    const rule = kind === undefined ? undefined : this.rules.get(kind);
    if (!rule || !said) return mutation;
    const { asked = mutation } = mutation;
    let data: JsonObject;
    try {
      data = completeData(said, rule, mutation.operation === 'create');
    } catch (error) {
      return { ...mutation, refusal: undecidable(error) };
    }
    if (data === said) return mutation;
    return mutation.operation === 'create'
      ? { ...mutation, changes: { ...mutation.changes, data }, asked }
      : { ...mutation, changes: { ...mutation.changes, data }, asked };
  }

  isJudged(kind: string): boolean {
    return this.isOnly || this.rules.has(kind);
  }

  hasVersions(kind: string): boolean {
    return this.rules.get(kind)?.upgrades !== undefined;
  }

  isOutdated({ kind, data }: Pick<AtomeState, 'kind' | 'data'>): boolean {
    return this.rules.get(kind)?.upgrades?.isOld(data) ?? false;
  }

  /** `data` by the newest version of its kind's schema; as it is where it is that already. @throws what the application's upgrades throw. */
  upgradedData({ kind, data }: Pick<AtomeState, 'kind' | 'data'>): JsonObject {
    const upgrades = this.rules.get(kind)?.upgrades;
    return upgrades?.isOld(data) ? upgrades.upgraded(data) : data;
  }

  restorable(past: Content, now: AtomeState, by: Principal): Content {
    const rule = this.rules.get(now.kind);
    const upgraded = this.isOutdated(past) ? { ...past, data: this.upgradedData(past) } : past;
    if (!rule?.isKept || past.kind !== now.kind) return upgraded;
    const kept = new Set([...rule.immutable, ...(isSystem(by) ? [] : rule.readonly)]);
    const others = Object.entries(upgraded.data).filter(([key]) => !kept.has(key));
    const standing = Object.entries(this.upgradedData(now)).filter(([key]) => kept.has(key));
    return { ...past, data: Object.fromEntries([...others, ...standing]) };
  }

  assertFits(write: JudgedWrite): void {
    const { before, after } = write;
    const rule = this.rules.get(after.kind);
    const issues = [...this.issuesOfKind(rule, write), ...(rule?.isKept ? issuesOfKeys(rule, write) : [])];
    // what has lost, or says something else of the atome, is not held against it
    const isJudged =
      before?.data !== after.data || before.kind !== after.kind || (before.deletedAt !== null && !after.deletedAt);
    if (isJudged && !rule && this.isOnly) {
      const kinds = [...this.rules.keys()].slice(0, MAX_NAMED).join(', ');
      issues.push({ path: '/kind', message: `"${after.kind}" is none of the kinds here, such as ${kinds}` });
    }
    if (isJudged && rule?.upgrades) issues.push(...issuesOfVersion(rule.upgrades, write));
    if (issues.length === 0 && isJudged && rule?.validate) {
      issues.push(...rule.validate(rule.upgrades ? withoutVersion(after.data) : after.data));
    }
    if (issues.length > 0) throw invalid(issues);
  }

  private issuesOfKind(rule: Rule | undefined, { before, after, by }: JudgedWrite): Issue[] {
    if (!before || before.kind === after.kind || isSystem(by)) return [];
    const kept = [before.kind, after.kind].find((kind) => (kind === after.kind ? rule : this.rules.get(kind))?.isKept);
    if (kept === undefined) return [];
    const message = `cannot change: atomes of "${kept}" have keys that are not everybody's to write; create another atome`;
    return [{ path: '/kind', message }];
  }
}

/** What a write says of all of `data`, by the newest version, and with the defaults of a new atome. */
function completeData(said: JsonObject, { defaults, upgrades }: Rule, isNew: boolean): JsonObject {
  const isVersioned = upgrades && !(Object.hasOwn(said, SCHEMA_VERSION) && !upgrades.isOld(said));
  const isNamed = isVersioned && Object.hasOwn(said, SCHEMA_VERSION);
  // who names no version writes by the one of now
  const data = isNamed ? upgrades.upgraded(said) : isVersioned ? { ...said, [SCHEMA_VERSION]: upgrades.version } : said;
  const missing = isNew ? defaults.filter(([key]) => !Object.hasOwn(data, key)) : [];
  return missing.length === 0 ? data : { ...data, ...structuredClone(Object.fromEntries(missing)) };
}

function issuesOfVersion({ version }: SchemaUpgrades, { before, after }: JudgedWrite): Issue[] {
  const [had, has] = [before?.data[SCHEMA_VERSION], after.data[SCHEMA_VERSION]];
  if (has === version || (before?.kind === after.kind && equalJson(had, has))) return [];
  return [
    {
      path: pointerOf(SCHEMA_VERSION),
      message: `is written by the server: leave it out, or send all of data, by version ${version}`,
    },
  ];
}

/** Most kinds that a sentence names. */
const MAX_NAMED = 20;

function issuesOfKeys(rule: Rule, { before, after, by, asked }: JudgedWrite): Issue[] {
  const had: JsonObject = before?.data ?? Object.fromEntries(rule.defaults);
  const isChanged = (key: string, value: JsonValue | undefined): boolean =>
    !equalJson(Object.hasOwn(had, key) ? had[key] : undefined, value);
  const issues: Issue[] = [];
  if (rule.readonly.length > 0 && !isSystem(by)) {
    const named = new Set(rule.readonly.map((key) => `data.${key}`));
    const wrong = asked().filter(({ path, value }) => named.has(path) && isChanged(path.slice('data.'.length), value));
    const message = 'is written by the server alone; leave it out, or as it is';
    issues.push(...wrong.map(({ path }) => ({ path: pointerOf(path.slice('data.'.length)), message })));
  }
  if (before?.kind !== after.kind) return issues;
  const changed = rule.immutable.filter((key) =>
    isChanged(key, Object.hasOwn(after.data, key) ? after.data[key] : undefined),
  );
  const message = 'cannot change once the atome is there';
  return [...issues, ...changed.map((key) => ({ path: pointerOf(key), message }))];
}
