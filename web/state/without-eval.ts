/**
 * To be imported before any schema is: zod compiles its checks with `new Function`, which the page's policy forbids. Told so,
 * it does not try.
 */

import { config } from 'zod';

config({ jitless: true });
