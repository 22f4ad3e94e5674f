// The names that spaces and rooms have by default, and how days and times of day are written in them.
import { describe, expect, test } from 'vitest';
import type { CareTeam, CommunicationRequest } from '../../src/domain/fhir.ts';
import type { RoomTemplates, TitleFacts } from '../../src/mapping/room-names.ts';
import { conversationTitle, spaceTitle } from '../../src/mapping/room-names.ts';
import { roomTemplatesOf } from '../../src/app/settings.ts';
import { TEXTS } from '../../src/mapping/language/languages.ts';
import { loadConfig } from '../../src/config/load.ts';
import { LEAST } from '../builders/config.ts';
import { request } from '../builders/fhir.ts';

const PATIENT = { reference: 'Patient/1', display: 'Jan Jansen' };
/** As the configuration has them where the operator says nothing. */
const { matrix } = await loadConfig(undefined, LEAST);
const templates: RoomTemplates = roomTemplatesOf(matrix, TEXTS.en.rooms);
const careTeam = (over: Partial<CareTeam> = {}): CareTeam => ({ resourceType: 'CareTeam', ...over });

test('are in Dutch where the bridge speaks Dutch, unless the operator gives others', () => {
  const dutch = roomTemplatesOf(matrix, TEXTS.nl.rooms);
  const title = (over: Partial<RoomTemplates> = {}) => ({ ...dutch, ...over });
  expect(spaceTitle(careTeam({ subject: PATIENT }), title(), { number: 14 }).name).toBe('Zorgteam 14');
  expect(conversationTitle(request(), title(), { number: 31, team: 14 }).name).toBe('Gesprek 31 · team 14');
  const subjectAlone = title({ conversationName: '{subject}' });
  expect(conversationTitle(request(), subjectAlone, { number: 31 }).name).toBe('Gesprek 31');
  const own = roomTemplatesOf({ ...matrix, conversationName: 'Chat {number}' }, TEXTS.nl.rooms);
  expect(conversationTitle(request(), own, { number: 31 }).name).toBe('Chat 31');
});

describe('the names by default', () => {
  const professionals = ['Noor Bakker', 'Jan Smit', 'Ada Vos', 'Bo Kok'];

  test.each<[string, Partial<CareTeam>, TitleFacts, string]>([
    [
      'two professionals',
      { subject: PATIENT },
      { number: 14, professionals: professionals.slice(0, 2) },
      'Care team 14 · Noor Bakker, Jan Smit',
    ],
    [
      'more professionals',
      { subject: PATIENT },
      { number: 14, professionals },
      'Care team 14 · Noor Bakker, Jan Smit +2',
    ],
    ['relatives only', { subject: PATIENT }, { number: 14, professionals: [] }, 'Care team 14'],
    [
      'a long name',
      { subject: PATIENT },
      { number: 14, professionals: ['x'.repeat(31)] },
      `Care team 14 · ${'x'.repeat(29)}…`,
    ],
    ['no number yet', { subject: PATIENT }, {}, 'Care team'],
    [
      'no patient',
      {},
      { number: 15, organization: 'Pharmacy The Linden', professionals },
      'Team 15 · Pharmacy The Linden',
    ],
    ['no patient and no organisation', {}, { number: 15 }, 'Team 15'],
  ])('of a team with %s', (_, team, facts, expected) => {
    expect(spaceTitle(careTeam(team), templates, facts).name).toBe(expected);
  });

  test.each<[string, Partial<CommunicationRequest>, TitleFacts, string]>([
    [
      'all there is',
      { authoredOn: '2025-09-26T09:30:15+02:00' },
      { number: 31, team: 14 },
      'Conversation 31 · team 14 · 2025-09-26 09:30',
    ],
    [
      'a day alone',
      { authoredOn: '2025-09-26' },
      { number: 31, team: 14 },
      'Conversation 31 · team 14 · 2025-09-26',
    ],
    ['no date', {}, { number: 31, team: 14 }, 'Conversation 31 · team 14'],
    ['no team', { authoredOn: '2025-09-26' }, { number: 31 }, 'Conversation 31 · 2025-09-26'],
    ['nothing', {}, {}, 'Conversation'],
  ])('of a conversation with %s', (_, over, facts, expected) => {
    expect(conversationTitle(request(over), templates, facts).name).toBe(expected);
  });

  test('stay short, whatever the names of people and organisations are', () => {
    const long = { ...templates, spaceName: '{organization} · {organization} · {organization}' };
    const facts = { organization: '👩‍⚕️'.repeat(80) };
    const { name } = spaceTitle(careTeam({ subject: PATIENT }), long, facts);
    expect([...new Intl.Segmenter().segment(name)]).toHaveLength(120);
  });
});

describe('the day and the time of day', () => {
  test.each([
    ['2026-03-09T23:30:00Z', 'Europe/Amsterdam', '2026-03-10 00:30'],
    ['2026-07-09T12:00:00Z', 'Europe/Amsterdam', '2026-07-09 14:00'],
    ['2026-07-09T12:00:00Z', 'UTC', '2026-07-09 12:00'],
    ['2026-07-09T12:00:00', 'Europe/Amsterdam', '2026-07-09 14:00'],
    ['2026-07', 'Europe/Amsterdam', '2026-07'],
    ['Jan Jansen', 'UTC', ''],
    ['2026-99-99T99:99:99Z', 'UTC', '2026-99-99'],
  ])('of %s in %s are %j', (authoredOn, timeZone, expected) => {
    const inZone = { ...templates, conversationName: 'At · {date} {time}', timeZone };
    const { name } = conversationTitle(request({ authoredOn }), inZone);
    expect(name).toBe(['At', expected].filter((part) => part !== '').join(' · '));
  });
});
