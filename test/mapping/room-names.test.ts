// Names and topics from templates, subject lines, and what a new name in Matrix means in FHIR.
import { describe, expect, test } from 'vitest';
import type { CareTeam, CommunicationRequest } from '../../src/domain/fhir.ts';
import type { RoomTemplates } from '../../src/mapping/room-names.ts';
import {
  conversationTitle,
  spaceTitle,
  withSubjectLine,
  withTeamName,
} from '../../src/mapping/room-names.ts';
import { request } from '../builders/fhir.ts';

const SUBJECT_URL = 'https://example.org/fhir/StructureDefinition/subject';
const DEFAULTS: RoomTemplates = {
  spaceName: 'Care team',
  organizationSpaceName: 'Team',
  spaceTopic: '',
  conversationName: 'Conversation {date}',
  conversationFallback: 'Conversation {number} · {date} {time}',
  conversationTopic: '',
  conversationSubject: 'none',
  timeZone: 'Europe/Amsterdam',
};
const PATIENT = { reference: 'Patient/1', display: 'Jan Jansen' };

const careTeam = (over: Partial<CareTeam> = {}): CareTeam => ({ resourceType: 'CareTeam', ...over });
const about = (text: string): CommunicationRequest => request({ category: [{ text }] });
const fifty = 'a'.repeat(50);

describe('the name of a space', () => {
  test.each<[string, Partial<CareTeam>, Partial<RoomTemplates>, string]>([
    ['is the template', { subject: PATIENT }, {}, 'Care team'],
    [
      'has the day on which the team began',
      { period: { start: '2025-09-26T08:00:00Z' }, subject: PATIENT },
      { spaceName: 'Team {date}' },
      'Team 2025-09-26',
    ],
    [
      'may have a month',
      { period: { start: '2025-09' }, subject: PATIENT },
      { spaceName: '{date}' },
      '2025-09',
    ],
    ['has no day where there is none', { subject: PATIENT }, { spaceName: 'Team {date}' }, 'Team'],
    ['is never empty', { subject: PATIENT }, { spaceName: '{date}' }, 'Team'],
    ['is never empty, whatever the template', { subject: PATIENT }, { spaceName: '' }, 'Team'],
    ['of an organisation’s team is its template', { name: 'Wound care' }, {}, 'Team'],
    [
      'of an organisation’s team may be its name',
      { name: ' Wound\n care ' },
      { organizationSpaceName: '{name}' },
      'Wound care',
    ],
    ['of a team without name', {}, { organizationSpaceName: '{name}' }, 'Team'],
    ['of a team without name, in words', {}, { organizationSpaceName: 'Team {name}' }, 'Team'],
    [
      'of a team with a long name',
      { name: `${fifty}b` },
      { organizationSpaceName: '{name}' },
      `${'a'.repeat(49)}…`,
    ],
  ])('%s', (_, team, templates, expected) => {
    expect(spaceTitle(careTeam(team), { ...DEFAULTS, ...templates }).name).toBe(expected);
  });

  test.each(['{name}', 'Team {name}', '{patient}', '{subject}', '{display}'])(
    'of a patient’s team says nothing of the patient, whatever gets past the configuration: %s',
    (template) => {
      const team = careTeam({ name: 'Zorgteam Jan Jansen', subject: PATIENT });
      const all = { spaceName: template, organizationSpaceName: template, spaceTopic: '' };
      expect(JSON.stringify(spaceTitle(team, { ...DEFAULTS, ...all }))).not.toContain('Jan');
    },
  );

  test('has the topic of the configuration', () => {
    expect(spaceTitle(careTeam(), { ...DEFAULTS, spaceTopic: 'For care' }).topic).toBe('For care');
  });
});

describe('the title of a conversation', () => {
  const dated = { authoredOn: '2025-09-26T09:30:15+02:00' };

  test.each<[string, Partial<CommunicationRequest>, Partial<RoomTemplates>, string, string]>([
    ['has the date', dated, {}, 'Conversation 2025-09-26', ''],
    ['has no date where there is none', {}, {}, 'Conversation', ''],
    [
      'has the subject line',
      { category: [{ text: 'Wound' }] },
      {
        conversationName: '{subject}',
        conversationTopic: 'About: {subject}',
        conversationSubject: 'category',
      },
      'Wound',
      'About: Wound',
    ],
    [
      'has both',
      { ...dated, category: [{ text: 'Wound' }] },
      { conversationName: '{subject} ({date})', conversationSubject: 'category' },
      'Wound (2025-09-26)',
      '',
    ],
    [
      'falls back to the date without a subject line',
      dated,
      { conversationName: '{subject}', conversationTopic: '{subject}', conversationSubject: 'category' },
      'Conversation · 2025-09-26 09:30',
      '',
    ],
    [
      'falls back where only marks are left',
      {},
      { conversationName: '{subject} – {date}', conversationSubject: 'category' },
      'Conversation',
      '',
    ],
    [
      'takes no variable out of a subject line',
      { category: [{ text: '{date} $& $1' }] },
      { conversationName: '{subject}', conversationSubject: 'category' },
      '{date} $& $1',
      '',
    ],
  ])('%s', (_, over, templates, name, topic) => {
    expect(conversationTitle(request(over), { ...DEFAULTS, ...templates })).toEqual({ name, topic });
  });

  test('holds nothing about the patient or the messages', () => {
    const full = request({
      ...dated,
      subject: PATIENT,
      payload: [{ contentString: 'Jan fell' }],
      note: [{ text: 'Jan' }],
      category: [{ text: 'Jan' }],
      reasonCode: [{ text: 'Jan' }],
    });
    expect(JSON.stringify(conversationTitle(full, DEFAULTS))).not.toContain('Jan');
  });
});

describe('the subject line', () => {
  test.each<[string, CommunicationRequest, string, string | undefined]>([
    ['is nowhere', about('Wound'), 'none', undefined],
    [
      'is the first category’s text',
      request({ category: [{ text: 'Wound' }, { text: 'No' }] }),
      'category',
      'Wound',
    ],
    ['is no code', request({ category: [{ coding: [{ display: 'Wound' }] }] }), 'category', undefined],
    ['is the first reason’s text', request({ reasonCode: [{ text: 'Wound' }] }), 'reasonCode', 'Wound'],
    [
      'is the extension',
      request({
        extension: [
          { url: 'x', valueString: 'No' },
          { url: SUBJECT_URL, valueString: 'Wound' },
        ],
      }),
      SUBJECT_URL,
      'Wound',
    ],
    [
      'is no other kind of extension',
      request({ extension: [{ url: SUBJECT_URL, valueInteger: 1 }] }),
      SUBJECT_URL,
      undefined,
    ],
    ['is one line', about('  Wound \t\n care \u0000'), 'category', 'Wound care'],
    ['turns no direction of writing', about('Wound \u202Eerac'), 'category', 'Wound erac'],
    [
      'has an end, whatever is piled on a letter',
      about(`e${'\u0301'.repeat(5000)}`),
      'category',
      `e${'\u0301'.repeat(799)}…`,
    ],
    ['is none where it is empty', about(' \n'), 'category', undefined],
    ['may have fifty characters', about(fifty), 'category', fifty],
    ['has no more, the last being an ellipsis', about(`${fifty}b`), 'category', `${'a'.repeat(49)}…`],
    ['is counted in characters, as people do', about('👩‍⚕️'.repeat(50)), 'category', '👩‍⚕️'.repeat(50)],
    ['is never cut within one', about(`${'e\u0301'.repeat(50)}b`), 'category', `${'e\u0301'.repeat(49)}…`],
  ])('%s', (_, from, conversationSubject, expected) => {
    const templates = { ...DEFAULTS, conversationSubject, conversationTopic: '{subject}' };
    expect(conversationTitle(from, templates).topic).toBe(expected ?? '');
  });
});

describe('a new name of a room', () => {
  const MAPPED: RoomTemplates = {
    ...DEFAULTS,
    conversationName: ' {subject} ',
    conversationSubject: 'category',
  };
  const kept = request({ authoredOn: '2025-09-26', extension: [{ url: 'x', valueString: 'y' }] });

  test.each<[string, CommunicationRequest, string, CommunicationRequest]>([
    ['category', kept, 'category', { ...kept, category: [{ text: 'Wound care' }] }],
    [
      'category, whose code stays',
      { ...kept, category: [{ text: 'Old', coding: [{ code: 'c' }] }, { text: 'Other' }] },
      'category',
      { ...kept, category: [{ text: 'Wound care', coding: [{ code: 'c' }] }, { text: 'Other' }] },
    ],
    ['reasonCode', kept, 'reasonCode', { ...kept, reasonCode: [{ text: 'Wound care' }] }],
    [
      'the extension, beside others',
      kept,
      SUBJECT_URL,
      {
        ...kept,
        extension: [
          { url: 'x', valueString: 'y' },
          { url: SUBJECT_URL, valueString: 'Wound care' },
        ],
      },
    ],
    [
      'the extension, in place of the one before',
      { ...kept, extension: [{ url: SUBJECT_URL, valueString: 'Old' }] },
      SUBJECT_URL,
      { ...kept, extension: [{ url: SUBJECT_URL, valueString: 'Wound care' }] },
    ],
  ])('becomes the subject line in %s', (_, before, conversationSubject, expected) => {
    const templates = { ...MAPPED, conversationSubject };
    const after = withSubjectLine(before, ' Wound  care\n', templates);
    expect(after).toEqual(expected);
    expect(conversationTitle(expected, templates).name).toBe('Wound care');
    expect(withSubjectLine(expected, 'Wound care', templates)).toBeUndefined();
  });

  test('becomes a subject line of fifty characters', () => {
    const after = withSubjectLine(kept, `${fifty}b`, MAPPED);
    expect(after?.category).toEqual([{ text: `${'a'.repeat(49)}…` }]);
  });

  test.each<[string, string, CommunicationRequest, Partial<RoomTemplates>]>([
    ['the bridge gave it, shortened', `${'a'.repeat(49)}…`, about(`${fifty}b`), {}],
    ['the bridge gave it for want of a subject line', 'Conversation 31 · 2025-09-26', kept, {}],
    ['it is empty', ' ', kept, {}],
    ['there is no place for it', 'New', kept, { conversationSubject: 'none' }],
    ['names are made of more than that', 'New', kept, { conversationName: '{date} {subject}' }],
    ['names are not made of that', 'New', kept, { conversationName: 'Conversation' }],
  ])('means nothing when %s', (_, name, before, templates) => {
    expect(withSubjectLine(before, name, { ...MAPPED, ...templates }, { number: 31 })).toBeUndefined();
  });
});

describe('a new name of a space', () => {
  const MAPPED: RoomTemplates = { ...DEFAULTS, organizationSpaceName: '{name}' };

  test('becomes the team’s name', () => {
    const team = careTeam({ id: '1', name: 'Old' });
    expect(withTeamName(team, ' Wound\n care ', MAPPED)).toEqual({ ...team, name: 'Wound care' });
  });

  test.each<[string, string, Partial<CareTeam>, Partial<RoomTemplates>]>([
    ['it is the team’s name', 'Wound care', { name: ' Wound  care' }, {}],
    ['the bridge gave it, shortened', `${'a'.repeat(49)}…`, { name: `${fifty}b` }, {}],
    ['the bridge gave it for want of a name', 'Team 14', {}, {}],
    ['it is empty', ' ', { name: 'Old' }, {}],
    ['the team is a patient’s', 'Jan', { name: 'Old', subject: PATIENT }, {}],
    ['names are made of more than that', 'New', { name: 'Old' }, { organizationSpaceName: 'Team {name}' }],
  ])('means nothing when %s', (_, name, team, templates) => {
    expect(withTeamName(careTeam(team), name, { ...MAPPED, ...templates }, { number: 14 })).toBeUndefined();
  });
});
