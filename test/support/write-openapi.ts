/** `npm run describe-api`: writes docs/openapi.json, which a test compares with what the API says. */

import { writeFile } from 'node:fs/promises';
import { OPENAPI_FILE, openApiText } from './openapi.ts';

await writeFile(OPENAPI_FILE, await openApiText());
