/** Before any schema is made: zod would try `new Function`, of which a page's policy may complain. */
import { config } from 'zod';

config({ jitless: true });
