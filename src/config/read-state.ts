// The section `readState`: whether and how it is carried who has read what.
import { z } from 'zod';
import { inMilliseconds } from './durations.ts';

export const readState = z
  .strictObject({
    engine: z.enum(['off', 'server', 'bridge']).default('server').meta({
      description:
        'Who keeps the Tasks that say who has read what: server leaves them to the FHIR side and only records the reading, bridge keeps one for each party of a conversation, which costs a write for each at every message; off carries no read state.',
    }),
    quietSeconds: z.number().min(0).max(3600).default(5).meta({
      description:
        'How long a person has to read nothing more before what they have read is carried; ten times that at most.',
    }),
  })
  .transform(inMilliseconds);
