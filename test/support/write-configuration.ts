/** `npm run describe-configuration`: writes docs/configuration.md, which a test compares with the schema. */

import { writeFile } from 'node:fs/promises';
import { CONFIGURATION_FILE, configurationPage } from './configuration-page.ts';

await writeFile(CONFIGURATION_FILE, configurationPage());
