// The homeserver of an organisation, and a Matrix id written into one's own directory: against a real FHIR server.
import { beforeAll, describe, expect, inject, test } from 'vitest';
import type { FhirReference } from '../../src/domain/ids.ts';
import type { FhirServer } from '../../src/fhir/server.ts';
import {
  createAddressingSource,
  createHomeserverDiscovery,
} from '../../src/identity/directories/homeserver-discovery.ts';
import { createOwnDirectory } from '../../src/identity/directories/own-directory.ts';
import { recordingLog } from '../builders/log.ts';
import { userId } from '../builders/matrix.ts';
import {
  clock,
  createCareDirectory,
  email,
  fhirDirectory,
  ownDirectory,
  signal,
  tagged,
} from './care-directory.ts';

const { id, practitioner, run, ura, uzi, writeOrganizations } = createCareDirectory();

describe.skipIf(inject('stackMissing'))('a FHIR directory of organisations', () => {
  beforeAll(writeOrganizations);

  test('the homeserver of an organisation: its own word, else its Endpoint of the configured type', async () => {
    const homeserverOf = (connectionTypes: readonly string[]) =>
      createHomeserverDiscovery({
        known: { [ura(9)]: 'written.nl' },
        sources: [createAddressingSource(fhirDirectory(), { connectionTypes, payloadTypes: [] }, clock)],
        ...{ clock, log: recordingLog(), keepMs: 60_000 },
      });
    const discover = homeserverOf(['matrix']);
    expect(await discover(ura(1), signal)).toBe('hs.nl');
    expect(await discover(ura(2), signal)).toBe('partner.nl');
    expect(await discover(ura(3), signal)).toBe('chat.partner.nl');
    expect(await discover(ura(9), signal)).toBe('written.nl');
    expect(await discover(ura(8), signal)).toBeUndefined();
    expect(await homeserverOf(['tim'])(ura(3), signal)).toBeUndefined();
  });

  describe('publishing a Matrix id', () => {
    const reference = `Practitioner/${id('new')}` as FhirReference;
    const publish = async (fhir: Pick<FhirServer, 'read' | 'update'>, name: string) =>
      (await createOwnDirectory({ server: fhir, clock, isLenient: false })(reference, userId(name), signal))
        .result;

    test('adds it to the telecom, once, and overwrites no other', async () => {
      const fhir = ownDirectory();
      expect(await publish(fhir, '@new:hs.nl')).toBe('missing');
      await practitioner('new', uzi(8), { telecom: [email(`new@${run}.nl`)] });
      expect(await publish(fhir, '@new:hs.nl')).toBe('published');
      expect(await publish(fhir, '@new:hs.nl')).toBe('published');
      expect(await publish(fhir, '@other:hs.nl')).toBe('differs');
      expect(await fhir.read(reference, signal)).toMatchObject({
        meta: { versionId: '2' },
        telecom: [email(`new@${run}.nl`), tagged('@new:hs.nl')],
      });
    });

    test('keeps what another writes at the same moment', async () => {
      await practitioner('new', uzi(8));
      const fhir = ownDirectory();
      let changes = 0;
      const contested: Pick<FhirServer, 'read' | 'update'> = {
        ...fhir,
        read: async (...args) => {
          const resource = await fhir.read(...args);
          if (changes++ === 0) await practitioner('new', uzi(8), { telecom: [email(`late@${run}.nl`)] });
          return resource;
        },
      };
      expect(await publish(contested, '@new:hs.nl')).toBe('published');
      expect(await fhir.read(reference, signal)).toMatchObject({
        telecom: [email(`late@${run}.nl`), tagged('@new:hs.nl')],
      });
    });
  });
});
