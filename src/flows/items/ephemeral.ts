// The item of an ephemeral event, such as typing, which the version before stored; none is stored any more.
import { z } from 'zod';

export const ephemeralItemSchema = z.object({ kind: z.literal('matrix.ephemeral'), content: z.unknown() });
