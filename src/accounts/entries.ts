/** What is configured: entries of the file, or the variables of a provider, checked by the provider's own schema. */

import { z } from 'zod';
import { type Credential, type Provider, type SecretReference, secretReferenceSchema } from '../adapters/provider.ts';
import { accountNameSchema } from '../contracts/payloads/common.ts';
import {
  type BudgetLimit,
  LIMIT_NAMES,
  type LimitName,
  MOST_EFFECTS,
  microUsdIn,
  toMicroUsd,
} from '../domain/budgets.ts';
import { ConfigurationError, errorText } from '../domain/errors.ts';

/** What the configuration knows of accounts; it reads the environment and the file. */
export interface AccountSettings {
  readonly file: { readonly path: string; readonly entries: Readonly<Record<string, unknown>> } | undefined;
  readonly variable: (name: string) => string | undefined;
  readonly resolve: (reference: SecretReference) => string | undefined;
}

export interface ConfiguredAccount {
  /** As payloads and effects name it; `default` for the one of the variables. */
  readonly name: string;
  /** Unique over all providers: how rows, the API and the command line name it. */
  readonly key: string;
  readonly provider: Provider;
  readonly settings: unknown;
  readonly identity: string;
  readonly server: string;
  readonly budget: readonly BudgetLimit[];
  /** The secrets by the names of their fields, read now. Throws ConfigurationError when one is gone. */
  secrets(): Credential;
}

export const NO_ACCOUNTS: AccountSettings = { file: undefined, variable: () => undefined, resolve: () => undefined };
const DEFAULT = 'default';

const boundSchema = z.int().min(0).max(MOST_EFFECTS).optional();
/** In US dollars, to the millionth. */
const usdSchema = z
  .number()
  .transform((usd, context) => {
    const amount = microUsdIn(usd.toFixed(6).replace(/\.?0+$/u, ''));
    if (amount !== undefined && toMicroUsd(usd) === amount) return amount;
    context.addIssue({ code: 'custom', message: 'must be an amount of US dollars, to the millionth' });
    return z.NEVER;
  })
  .optional();

const budgetSchema = z
  .strictObject({
    perHour: boundSchema,
    perDay: boundSchema,
    perMonth: boundSchema,
    usdPerHour: usdSchema,
    usdPerDay: usdSchema,
    usdPerMonth: usdSchema,
  } satisfies Record<LimitName, unknown>)
  .transform((budget): readonly BudgetLimit[] =>
    Object.entries(LIMIT_NAMES).flatMap(([name, kind]) => {
      const limit = Object.entries(budget).find(([given]) => given === name)?.[1];
      return limit === undefined ? [] : [{ ...kind, limit }];
    }),
  );

const entrySchema = z.looseObject({ provider: z.string(), budget: budgetSchema.optional() });

/** How rows and the API name an account: the one of the variables is called by its provider too. */
export function accountKey({ name, provider }: { readonly name: string; readonly provider: string }): string {
  return name === DEFAULT ? `${provider}.${DEFAULT}` : name;
}

/**
 * The accounts of the file, and of each provider whose variables are set.
 *
 * @throws ConfigurationError naming the account, the field and its rule, and never a value
 */
export function readAccounts(settings: AccountSettings, providers: readonly Provider[]): readonly ConfiguredAccount[] {
  const entries = Object.entries(settings.file?.entries ?? {}).map(([name, entry]) =>
    accountOfEntry(settings, providers, name, entry),
  );
  const defaults = providers.flatMap((provider) => accountOfVariables(settings, provider) ?? []);
  return [...entries, ...defaults];
}

/** The variables that a provider's account needs, and that are not set. */
export function missingVariables({ variables }: Provider, { variable }: Pick<AccountSettings, 'variable'>): string[] {
  return Object.values(variables).flatMap(({ name, required }) =>
    required && variable(name) === undefined ? [name] : [],
  );
}

function accountOfEntry(
  settings: AccountSettings,
  providers: readonly Provider[],
  name: string,
  entry: unknown,
): ConfiguredAccount {
  const wrong = (field: string, rule: string) =>
    new ConfigurationError('AOL_ACCOUNTS', `AOL_ACCOUNTS: ${settings.file?.path}: account ${name}: ${field} ${rule}`);
  const isName = accountNameSchema.safeParse(name).success && name !== DEFAULT && !name.endsWith(`.${DEFAULT}`);
  if (!isName) throw wrong('its name', 'must be lower case letters, digits, . _ -, and not end as default');
  const parsed = entrySchema.safeParse(entry);
  if (!parsed.success) throw wrong(...problemOf(parsed.error, entry));
  const { provider: providerName, budget = [], ...fields } = parsed.data;
  const provider = providers.find((each) => each.name === providerName);
  if (!provider) throw wrong('provider', `must be ${providers.map((each) => each.name).join(', ')}`);
  return account(settings, { name, provider, budget, fields, wrong });
}

/** Undefined where a variable that it needs is not set: then it is not configured, and REAL says which are missing. */
function accountOfVariables(settings: AccountSettings, provider: Provider): ConfiguredAccount | undefined {
  const given = Object.entries(provider.variables).filter(([, { name }]) => settings.variable(name) !== undefined);
  if (given.length === 0 || missingVariables(provider, settings).length > 0) return undefined;
  const fields = Object.fromEntries(
    given.map(([field, { name, secret }]) => [field, secret ? { env: name } : settings.variable(name)]),
  );
  const wrong = (field: string, rule: string) => {
    const variable = provider.variables[field.split('.')[0] ?? '']?.name ?? given[0]?.[1].name ?? 'AOL_ACCOUNTS';
    return new ConfigurationError(variable, `${variable} (${provider.title}): ${field} ${rule}`);
  };
  return account(settings, { name: DEFAULT, provider, budget: [], fields, wrong });
}

function account(
  { resolve }: AccountSettings,
  given: {
    readonly name: string;
    readonly provider: Provider;
    readonly budget: readonly BudgetLimit[];
    readonly fields: unknown;
    readonly wrong: (field: string, rule: string) => ConfigurationError;
  },
): ConfiguredAccount {
  const { name, provider, budget, fields, wrong } = given;
  const parsed = provider.settings.safeParse(fields);
  if (!parsed.success) throw wrong(...problemOf(parsed.error, fields));
  const references = referencesIn(parsed.data);
  const secrets = (): Credential =>
    Object.fromEntries(
      references.map(([field, reference]) => {
        const value = resolve(reference);
        if (value !== undefined) return [field, value];
        const where = 'env' in reference ? `variable ${reference.env} is not set` : `${reference.file} cannot be read`;
        throw wrong(field, `names a secret that is not there: ${where}`);
      }),
    );
  try {
    const { identity, server } = provider.identify(parsed.data, secrets());
    const key = accountKey({ name, provider: provider.name });
    const { logIn: _never, ...withoutLogIn } = provider;
    const logsIn = provider.logsIn?.(parsed.data) !== false;
    return {
      name,
      key,
      provider: logsIn ? provider : withoutLogIn,
      settings: parsed.data,
      identity,
      server,
      budget,
      secrets,
    };
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    throw wrong('the entry', `cannot be read: ${errorText(error, 200)}`);
  }
}

/** Every reference with its place: `appPassword`, `imap.password`. */
function referencesIn(settings: unknown, place = ''): readonly (readonly [string, SecretReference])[] {
  if (typeof settings !== 'object' || settings === null) return [];
  const reference = secretReferenceSchema.safeParse(settings);
  if (reference.success) return [[place, reference.data]];
  return Object.entries(settings).flatMap(([name, value]) =>
    referencesIn(value, place === '' ? name : `${place}.${name}`),
  );
}

/** The first problem, without the value: that may be a secret that should not stand there. */
function problemOf(error: z.ZodError, fields: unknown): [field: string, rule: string] {
  const issue = error.issues[0];
  if (!issue) return ['the entry', 'must be an entry'];
  if (issue.code === 'unrecognized_keys') return [issue.keys.join(', '), 'is no field of it'];
  const field = issue.path.map(String).join('.') || 'the entry';
  const value = issue.path.reduce<unknown>(
    (within, part) => (typeof within === 'object' && within !== null ? Reflect.get(within, part) : undefined),
    fields,
  );
  if (value === undefined && issue.path.length > 0) return [field, 'is required'];
  if (issue.code === 'invalid_union') return [field, 'must be {env: NAME} or {file: PATH}: a secret never stands here'];
  return [field, `must be right: ${issue.message.slice(0, 200)}`];
}
