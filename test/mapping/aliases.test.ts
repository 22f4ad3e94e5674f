// Aliases of bridged rooms by the operator's templates, and in the other forms of the guides.
import { expect, test } from 'vitest';
import type { RoomAlias } from '../../src/domain/ids.ts';
import type { AliasTemplates } from '../../src/mapping/aliases.ts';
import {
  aliasOf,
  aliasPatterns,
  localpartOf,
  referenceOfAlias,
  referenceOfOtherForm,
} from '../../src/mapping/aliases.ts';
import { ref } from '../builders/fhir.ts';

const GUIDE = { space: 'careteam/{id}', conversation: 'communicationrequest/{id}' };
const DASHED = { space: 'careteam-{id}', conversation: 'communicationrequest-{id}' };
const OWN = { space: 'team_{id}', conversation: 'zorg/gesprek/{id}' };
const OPAQUE = { space: 'opaque', conversation: 'opaque' };

const settings = (aliases: AliasTemplates, serverName = 'h') => ({
  ...{ aliases, serverName, ghostPrefix: '_fhir_', pseudonymizationKey: 'a key of the operator' },
});

test.each([
  ['CareTeam/244', GUIDE, '#careteam/244:matrix.ozo.headease.nl'],
  ['CommunicationRequest/245', GUIDE, '#communicationrequest/245:matrix.ozo.headease.nl'],
  ['CareTeam/aB-c.D', GUIDE, '#careteam/aB-c.D:matrix.ozo.headease.nl'],
  ['CareTeam/244', DASHED, '#careteam-244:matrix.ozo.headease.nl'],
  ['CommunicationRequest/245', OWN, '#zorg/gesprek/245:matrix.ozo.headease.nl'],
  ['CareTeam/244', OPAQUE, '#_fhir_s7eaj88m8myn2kveef116k9meh8gf4z4:matrix.ozo.headease.nl'],
])('the alias of %s by %j is %s', (reference, aliases, alias) => {
  expect(aliasOf(ref(reference), settings(aliases, 'matrix.ozo.headease.nl'))).toBe(alias);
});

test('an opaque alias is of one resource, and says nothing of its id', () => {
  const aliasFor = (reference: string) => aliasOf(ref(reference), settings(OPAQUE));
  expect(aliasFor('CareTeam/244')).not.toBe(aliasFor('CommunicationRequest/244'));
  expect(aliasFor('CareTeam/244')).not.toContain('244');
});

test('a localpart may stand before a server name with a port', () => {
  expect(localpartOf('#careteam/244:localhost:8448' as RoomAlias)).toBe('careteam/244');
});

test.each([
  ['#careteam-244:h', GUIDE, 'CareTeam/244'],
  ['#communicationrequest-245:h', GUIDE, 'CommunicationRequest/245'],
  ['#careteam-3f0b-4c1d-9:h', GUIDE, 'CareTeam/3f0b-4c1d-9'],
  ['#careteam--1:h', GUIDE, 'CareTeam/-1'],
  ['#careteam-aB.C:h', GUIDE, 'CareTeam/aB.C'],
  ['#careteam/244:h', DASHED, 'CareTeam/244'],
  ['#careteam/244:h', OWN, 'CareTeam/244'],
  ['#communicationrequest-244:h', OWN, 'CommunicationRequest/244'],
  ['#communicationrequest-244:h', { ...GUIDE, space: 'opaque' }, 'CommunicationRequest/244'],
])('%s is another name for a room by %j: that of %s', (alias, aliases, reference) => {
  expect(referenceOfOtherForm(alias, settings(aliases))).toBe(reference);
});

test.each([
  ['in the form with which rooms are made', '#careteam/244:h'],
  ['of another server', '#careteam-244:other'],
  ['of a server whose name begins like ours', '#careteam-244:h:8448'],
  ['without sigil', 'careteam-244:h'],
  ['without server', '#careteam-244'],
  ['of another type', '#patient-244:h'],
  ['with the type in upper case', '#CareTeam-244:h'],
  ['without id', '#careteam-:h'],
  ['with an underscore for the dash', '#careteam_244:h'],
  ['with a slash in the id', '#careteam-244/1:h'],
  ['with an encoded slash', '#careteam%2F244:h'],
  ['with what no FHIR id has', '#careteam-24 4:h'],
  ['with an id of 65 characters', `#careteam-${'x'.repeat(65)}:h`],
  ['with a line break', '#careteam-244\n:h'],
  ['that is empty', ''],
])('an alias %s is provided for no room', (_, alias) => {
  expect(referenceOfOtherForm(alias, settings(GUIDE))).toBeUndefined();
});

test.each([
  ['#careteam/244:h', GUIDE, 'CareTeam/244'],
  ['#careteam-244:h', GUIDE, 'CareTeam/244'],
  ['#team_244:h', OWN, 'CareTeam/244'],
  ['#careteam/244:h', OPAQUE, undefined],
  ['#opaque:h', OPAQUE, undefined],
])('%s by %j names %s', (alias, aliases, reference) => {
  expect(referenceOfAlias(alias, settings(aliases))).toBe(reference);
});

test('where aliases are opaque, no form leads from an id to its room', () => {
  for (const alias of ['#careteam/244:h', '#careteam-244:h', '#communicationrequest/244:h'])
    expect(referenceOfOtherForm(alias, settings(OPAQUE))).toBeUndefined();
});

test('a server name keeps its port', () => {
  const at = settings(GUIDE, 'localhost:8448');
  expect(referenceOfOtherForm('#careteam-244:localhost:8448', at)).toBe('CareTeam/244');
});

test.each([
  [GUIDE, ['careteam/*', 'careteam-*', 'communicationrequest/*', 'communicationrequest-*']],
  [
    OWN,
    [
      'team_*',
      'careteam/*',
      'careteam-*',
      'zorg/gesprek/*',
      'communicationrequest/*',
      'communicationrequest-*',
    ],
  ],
  [OPAQUE, ['_fhir_*']],
])('the registration of %j reserves %j', (aliases, expected) => {
  expect(aliasPatterns(settings(aliases))).toEqual(expected);
});
