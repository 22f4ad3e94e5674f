// Aliases of bridged rooms, in both of the guides' forms.
import { expect, test } from 'vitest';
import { aliasOf, referenceOfAlias } from '../../src/mapping/aliases.ts';
import { ref } from '../builders/fhir.ts';

test.each([
  ['CareTeam/244', '#careteam/244:matrix.ozo.headease.nl'],
  ['CommunicationRequest/245', '#communicationrequest/245:matrix.ozo.headease.nl'],
  ['CareTeam/aB-c.D', '#careteam/aB-c.D:matrix.ozo.headease.nl'],
])('the alias of %s is %s', (reference, alias) => {
  expect(aliasOf(ref(reference), 'matrix.ozo.headease.nl')).toBe(alias);
  expect(referenceOfAlias(alias, 'matrix.ozo.headease.nl')).toEqual({ reference, form: 'slash' });
});

test.each([
  ['#careteam-244:h', 'CareTeam/244'],
  ['#communicationrequest-245:h', 'CommunicationRequest/245'],
  ['#careteam-3f0b-4c1d-9:h', 'CareTeam/3f0b-4c1d-9'],
  ['#careteam--1:h', 'CareTeam/-1'],
  ['#careteam-aB.C:h', 'CareTeam/aB.C'],
])('%s is another name for the room of %s', (alias, reference) => {
  expect(referenceOfAlias(alias, 'h')).toEqual({ reference, form: 'dash' });
});

test.each([
  ['another server', '#careteam-244:other'],
  ['a server whose name begins like ours', '#careteam-244:h:8448'],
  ['no sigil', 'careteam-244:h'],
  ['no server', '#careteam-244'],
  ['another type', '#patient-244:h'],
  ['the type in upper case', '#CareTeam-244:h'],
  ['no id', '#careteam-:h'],
  ['an underscore for the dash', '#careteam_244:h'],
  ['a slash in the id', '#careteam/244/1:h'],
  ['an encoded slash', '#careteam%2F244:h'],
  ['what no FHIR id has', '#careteam/24 4:h'],
  ['an id of 65 characters', `#careteam/${'x'.repeat(65)}:h`],
  ['a line break', '#careteam/244\n:h'],
  ['nothing', ''],
])('an alias with %s is not of a bridged room', (_, alias) => {
  expect(referenceOfAlias(alias, 'h')).toBeUndefined();
});

test('a server name keeps its port', () => {
  expect(referenceOfAlias('#careteam-244:localhost:8448', 'localhost:8448')?.reference).toBe('CareTeam/244');
});
