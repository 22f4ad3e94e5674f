// What an item waited for in vain: it goes on without.
import { z } from 'zod';

/** The field of a payload; left out where the item waits still, or never waited. */
export const gaveUpOn = z.array(z.string()).optional();
