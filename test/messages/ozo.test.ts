// Records under OZO's profiles: every kind of message is one that they accept.
import { describe, expect, test } from 'vitest';
import { FHIR_PROFILES } from '../../src/mapping/fhir-profiles/profiles.ts';
import { ASPECTS } from '../../src/messages/registry.ts';
import { retracted } from '../../src/messages/retracted.ts';
import { ref } from '../builders/fhir.ts';
import { userId } from '../builders/matrix.ts';
import type { UnknownSender } from '../../src/messages/author.ts';
import { NOTHING_KNOWN } from '../../src/messages/kind.ts';
import { author, created, fromMatrix, MESSAGE_OPTIONS } from '../builders/messages.ts';
import { ozoFaults } from '../builders/ozo-rules.ts';

const ANNA = userId('@anna:example.org');
const JAN = userId('@jan:example.org');
const text = { msgtype: 'm.text', body: 'Good morning' };

describe.each(['ozo-0.7', 'ozo-0.9'] as const)('under %s', (version) => {
  const profile = FHIR_PROFILES[version];
  const record = (content: object, over: Parameters<typeof fromMatrix>[1] = {}) =>
    created(fromMatrix({ content }, { profile, ...over }, NOTHING_KNOWN, { aspects: ASPECTS })?.writes);

  test.each<[string, object]>([
    ['a text', text],
    ['an emote', { msgtype: 'm.emote', body: 'waves' }],
    ['a notice', { msgtype: 'm.notice', body: 'Back on Monday' }],
    ['what cannot be carried', { msgtype: 'm.location', body: 'Here', geo_uri: 'geo:52,5' }],
    ['a reply to what is not there', { ...text, 'm.relates_to': { 'm.in_reply_to': { event_id: '$gone' } } }],
  ])('%s is accepted, and so is its retraction', (_, content) => {
    const made = record(content);
    expect(ozoFaults(made, version)).toEqual([]);
    expect(ozoFaults(retracted(made, MESSAGE_OPTIONS) ?? made, version)).toEqual([]);
  });

  test.each(['Practitioner/7', 'RelatedPerson/3', 'Patient/12'])('so is one by %s', (sender) => {
    expect(ozoFaults(record(text, { author: author({ person: ref(sender) }) }), version)).toEqual([]);
  });

  test('mentions name those alone who may be recipients', () => {
    const people = new Map([
      [ANNA, ref('Patient/12')],
      [JAN, ref('Practitioner/7')],
    ]);
    const made = record({ ...text, 'm.mentions': { user_ids: [ANNA, JAN] } }, { people });
    expect(made.recipient).toEqual([{ reference: 'Practitioner/7', type: 'Practitioner' }]);
    expect(ozoFaults(made, version)).toEqual([]);
  });

  test.each<[UnknownSender, readonly string[]]>([
    [{ as: 'identifier' }, ['sender.reference: missing', 'sender.type: missing']],
    [{ as: 'contained' }, []],
    [{ as: 'placeholder', reference: ref('Patient/hackathon-patient') }, []],
  ])('a sender whom FHIR does not know, as %o: %j is refused', (policy, faults) => {
    const made = record(text, { author: author({ person: undefined }, policy) });
    expect(ozoFaults(made, version)).toEqual(faults);
  });

  test('the team that a message is sent for is named where the profile has a place for it', () => {
    const made = record(text, { actingTeam: ref('CareTeam/Pharmacy-A') });
    const team = {
      url: 'http://ozoverbindzorg.nl/fhir/StructureDefinition/ozo-sender-careteam',
      valueReference: { reference: 'CareTeam/Pharmacy-A', type: 'CareTeam' },
    };
    expect(made.extension?.slice(1)).toEqual(version === 'ozo-0.9' ? [team] : []);
    expect(ozoFaults(made, version)).toEqual([]);
  });
});
