import { createLog } from '../../src/log.ts';

/** A log that says nothing. */
export const silent = await createLog({ level: 'silent', format: 'json' });
