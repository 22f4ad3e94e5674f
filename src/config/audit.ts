// The section `audit`: the AuditEvents that the bridge writes.
import { z } from 'zod';
import { flag } from './fields.ts';

/** The section's schema. */
export const audit = z.strictObject({
  enabled: flag(
    'Whether what happens is written to the FHIR server as AuditEvents. The bridge never deletes one; keep them for five years at least.',
    true,
  ),
  profile: z.enum(['generic', 'ozo']).default('generic').meta({
    description:
      'Whose codes AuditEvents bear where IHE BALP (generic) and OZO differ: the action of a search, the types of entities, the identifier of the bridge.',
  }),
  site: z.string().max(200).default('').meta({
    description:
      'AuditEvent.source.site: your organisation, such as its URA number. Empty gives matrix.serverName.',
  }),
});
