/** The issuer that people sign in at, where there is one. */

import { Oidc } from '../../api/access/oidc.ts';
import type { Config } from '../../config/index.ts';
import { errorText } from '../../domain/errors.ts';
import { type Check, failed, passed } from './check.ts';

/** Whether a sign-in could begin there. */
export async function checkIssuer({ api: { oidc } }: Config): Promise<Check> {
  if (!oidc) return passed('issuer', 'people sign in with tokens only');
  try {
    await new Oidc(oidc).begin(undefined);
    return passed('issuer', oidc.issuer);
  } catch (error) {
    return failed('issuer', errorText(error, 300), 'start the issuer, or correct AOL_OIDC_ISSUER');
  }
}
