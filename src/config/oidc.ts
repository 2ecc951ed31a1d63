import { ConfigurationError } from '../domain/errors.ts';
import type { GroupRole } from '../domain/people.ts';
import type { Environment } from './variables.ts';

/** Where people sign in to the dashboard. */
export interface OidcConfig {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly roles: readonly GroupRole[];
  /** Where the issuer sends people back to, without a slash at the end. */
  readonly publicUrl: string;
}

/** @throws ConfigurationError naming the variable that is missing beside the others */
export function oidcConfig(values: Environment, publicUrl: string): OidcConfig | undefined {
  const {
    AOL_OIDC_ISSUER: issuer,
    AOL_OIDC_CLIENT_ID: clientId,
    AOL_OIDC_CLIENT_SECRET: clientSecret,
    AOL_OIDC_ROLES: roles,
  } = values;
  const given = { AOL_OIDC_ISSUER: issuer, AOL_OIDC_CLIENT_ID: clientId, AOL_OIDC_CLIENT_SECRET: clientSecret };
  const all = Object.entries({ ...given, AOL_OIDC_ROLES: roles });
  if (all.every(([, value]) => value === undefined)) return undefined;
  if (issuer === undefined || clientId === undefined || clientSecret === undefined || roles === undefined) {
    const [missing = ''] = all.find(([, value]) => value === undefined) ?? [];
    throw new ConfigurationError(missing, `${missing} must be set too: people sign in by OpenID Connect with all four`);
  }
  if (values.AOL_API_TLS === 'proxied' && values.AOL_PUBLIC_URL === undefined) {
    const why = 'AOL_PUBLIC_URL must be set too: the issuer sends people back there';
    throw new ConfigurationError('AOL_PUBLIC_URL', why);
  }
  return { issuer, clientId, clientSecret, roles, publicUrl };
}
