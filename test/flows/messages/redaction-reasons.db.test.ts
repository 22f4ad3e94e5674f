// The reasons of redactions as Provenances, on real tables: one for each version that the bridge made, and for no other.
import { describe, expect, test } from 'vitest';
import { communicationIdOf } from '../../../src/mapping/delivery-ids.ts';
import { KINDS } from '../../../src/messages/registry.ts';
import { edit, redaction } from '../../builders/changes.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { message } from '../../builders/matrix.ts';
import { createRelayWorld } from '../../builders/relay-world.ts';

const pool = useBridgeDatabase();
const M = message().event_id;
const RECORD = ref(`Communication/${communicationIdOf(M)}`);
type World = Awaited<ReturnType<typeof createRelayWorld>>;

const ABSENT_WHOLE = [
  {
    _contentString: {
      extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'masked' }],
    },
  },
];

describe('the reason of a redaction', () => {
  const explaining = () => createRelayWorld(pool(), KINDS, { messages: { retractionReason: 'provenance' } });
  const because = (id: string, target: string, over: object = {}) =>
    redaction(id, target, { content: { redacts: target, reason: 'wrong room' }, ...over });
  const provenances = ({ fhir }: World) =>
    [...fhir.stored.values()].filter(({ resourceType }) => resourceType === 'Provenance');
  const ofVersion = (versionId: string) => [
    {
      target: [{ reference: `${RECORD}/_history/${versionId}` }],
      reason: [{ text: 'wrong room' }],
      agent: [{ who: { reference: 'Practitioner/7' } }],
    },
  ];

  test('is recorded once, and that is told', async () => {
    const world = await explaining();
    await world.toFhir();
    const { facts } = await world.toFhir(because('$r', M));
    await world.toFhir(because('$r', M));
    expect(provenances(world)).toMatchObject(ofVersion('2'));
    expect(facts).toMatchObject([
      { kind: 'retracted' },
      { kind: 'resource-created', on: { reference: expect.stringMatching(/^Provenance\//) as string } },
    ]);
  });

  test('is not lost with an answer, nor made twice', async () => {
    const world = await explaining();
    await world.toFhir();
    world.fhir.loseAnswer();
    await expect(world.toFhir(because('$r', M))).rejects.toThrow('fhir-unavailable');
    await world.toFhir(because('$r', M), { number: 2 });
    expect(provenances(world)).toMatchObject(ofVersion('2'));
  });

  test('is recorded where the message was read only after it', async () => {
    const world = await explaining();
    await world.toFhir({ content: {}, unsigned: { redacted_because: { event_id: '$r' } } });
    await world.toFhir(because('$r', M));
    expect(provenances(world)).toMatchObject(ofVersion('1'));
  });

  test('is recorded of an edit that is seen, and of no other', async () => {
    const world = await explaining();
    await world.toFhir();
    await world.toFhir(edit('$e1', '100 E', 1));
    await world.toFhir(edit('$e2', '10 E', 2));
    await world.toFhir(because('$r1', '$e1'));
    expect(provenances(world)).toEqual([]);
    await world.toFhir(because('$r2', '$e2'));
    expect(provenances(world)).toMatchObject(ofVersion('4'));
  });

  test('is not said of a version that a platform made', async () => {
    const world = await explaining();
    await world.toFhir();
    await world.fhir.put(communicationIdOf(M), { status: 'entered-in-error', payload: ABSENT_WHOLE });
    await world.toFhir(because('$r', M));
    expect(provenances(world)).toEqual([]);
  });
});
