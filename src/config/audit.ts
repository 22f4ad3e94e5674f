// The section `audit`: the AuditEvents that the bridge writes.
import { z } from 'zod';
import { flag } from './fields.ts';

/** The section's schema. */
export const audit = z.strictObject({
  enabled: flag(
    'Whether what happens is written to the FHIR server as AuditEvents. The bridge never deletes one; keep them for five years at least.',
    true,
  ),
  site: z.string().max(200).default('').meta({
    description:
      'AuditEvent.source.site: your organisation, such as its URA number. Empty gives matrix.serverName.',
  }),
});
