// What the bridge relies on when it writes AuditEvents, on the real FHIR server: which links it fails on.
import { randomUUID } from 'node:crypto';
import { describe, expect, inject, test } from 'vitest';
import { auditEventsOf } from '../../src/audit/audit-event.ts';
import { withoutLinks } from '../../src/audit/without-links.ts';
import { createFhirClient, OWN_CODES } from '../../src/fhir/client.ts';
import { createFhirServer } from '../../src/fhir/server.ts';
import { SETTINGS } from '../builders/bridge.ts';
import { ref } from '../builders/fhir.ts';

describe.skipIf(inject('stackMissing') !== undefined)('the FHIR server', () => {
  test('fails on a link to a version whose id is no number, and takes the AuditEvent without it', async () => {
    const client = createFhirClient({
      ...{ baseUrl: inject('stack').hapi.url, bearerToken: undefined },
      ...{ requestTimeoutMs: 60_000, observe: () => () => undefined },
      codes: { ...OWN_CODES, failed: 'fhir-failed' },
    });
    const server = createFhirServer(client, 'client-assigned');
    const on = { reference: ref('Communication/1'), versionId: '3f2a' };
    const cause = { source: 'test', sourceId: randomUUID() };
    const fact = { ...{ kind: 'refused' as const, by: {}, reason: 'stranger' }, on };
    const [event] = auditEventsOf(cause, [fact], new Date(), SETTINGS.audit);
    if (event === undefined) throw new TypeError('There is one event');
    const options = { mayExist: false };
    await expect(server.createOnce(event, options)).rejects.toMatchObject({ code: 'fhir-failed' });
    const unlinked = withoutLinks(event, SETTINGS.audit.fhirBaseUrl);
    expect(await server.createOnce(unlinked, options)).toMatchObject({ versionId: '1' });
  });
});
