// The Tasks of a conversation: one per party, completed by its answer or its reading, never brought back to life.
import { describe, expect, test } from 'vitest';
import type { Task } from '../../../src/domain/fhir.ts';
import { idOf, type FhirReference } from '../../../src/domain/ids.ts';
import { readTaskIdOf } from '../../../src/mapping/delivery-ids.ts';
import type { Party } from '../../../src/mapping/read-state/parties.ts';
import {
  taskChanges,
  type StoredTask,
  type TaskChange,
  type ThreadState,
} from '../../../src/mapping/read-state/tasks.ts';
import { ref } from '../../builders/fhir.ts';
import { ozoFaults } from '../../builders/ozo-rules.ts';

const REQUEST = ref('CommunicationRequest/245');
const NOW = Date.UTC(2026, 10, 29, 12);
const SENT = Date.UTC(2026, 10, 29, 11);
const READ = new Date(Date.UTC(2026, 10, 29, 11, 30));
const alone = (owner: string): Party => ({
  owner: ref(owner),
  readers: new Set([ref(owner)]),
  team: undefined,
});
const asTeam = (owner: string, ...members: readonly string[]): Party => ({
  owner: ref(owner),
  readers: new Set(members.map(ref)),
  team: ref(owner),
});
const [NURSE, KIN] = [alone('Practitioner/7'), alone('RelatedPerson/9')];

/** The nurse and a relative; the nurse has written Communication/2, which nobody has read. */
const thread = (over: Partial<ThreadState> = {}): ThreadState => ({
  ...{ conversation: REQUEST, isWithdrawn: false, patient: ref('Patient/12'), parties: [NURSE, KIN] },
  ...{ latest: ref('Communication/2'), readers: new Map<FhirReference, Date>() },
  author: { person: NURSE.owner, team: undefined, at: SENT },
  ...over,
});
const by = (person: string, team?: string): ThreadState['author'] => ({
  ...{ person: ref(person), team: team === undefined ? undefined : ref(team), at: SENT },
});

/** The Tasks after these changes, as a server keeps them. */
function apply(actual: readonly StoredTask[], changes: readonly TaskChange[]): readonly StoredTask[] {
  const tasks = new Map(actual.map((task) => [task.id, task]));
  for (const { task } of changes) {
    const versionId = String(Number(tasks.get(task.id)?.meta.versionId ?? 0) + 1);
    tasks.set(task.id, { ...task, meta: { versionId, lastUpdated: '2026-11-29T12:00:00Z' } });
  }
  return [...tasks.values()];
}
const tasksOf = (state: ThreadState, actual: readonly StoredTask[] = []) =>
  apply(actual, taskChanges(state, actual, NOW));
const shown = (tasks: readonly StoredTask[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    tasks.map(({ owner, status, focus }) => [
      owner?.reference ?? '',
      [status, focus?.reference].join(' ').trim(),
    ]),
  );

test('a Task has all elements that OZO’s profile demands, with the types of its references', () => {
  const [, change] = taskChanges(thread(), [], NOW);
  const id = readTaskIdOf(REQUEST, KIN.owner);
  expect(id).toMatch(/^read-[0-9a-f]{43}$/);
  expect(change).toEqual({
    kind: 'create',
    task: {
      resourceType: 'Task',
      id,
      identifier: [
        {
          use: 'official',
          system: 'https://github.com/fhir-matrix-bridge/fhir/NamingSystem/task',
          value: id,
        },
      ],
      basedOn: [{ reference: 'CommunicationRequest/245', type: 'CommunicationRequest' }],
      status: 'requested',
      intent: 'order',
      code: {
        coding: [
          {
            system: 'https://github.com/fhir-matrix-bridge/fhir/CodeSystem/task',
            code: 'read-state',
            display: 'Read state',
          },
        ],
      },
      focus: { reference: 'Communication/2', type: 'Communication' },
      for: { reference: 'Patient/12', type: 'Patient' },
      authoredOn: '2026-11-29T12:00:00.000Z',
      lastModified: '2026-11-29T12:00:00.000Z',
      owner: { reference: 'RelatedPerson/9', type: 'RelatedPerson' },
    } satisfies Task,
  });
});

test.each(['ozo-0.7', 'ozo-0.9'] as const)('what is written of them is what %s accepts', (version) => {
  const parties = version === 'ozo-0.9' ? [NURSE, KIN, asTeam('CareTeam/clinic')] : [NURSE, KIN];
  const begun = tasksOf(thread({ parties, latest: undefined }));
  const answered = tasksOf(thread({ parties, author: by('RelatedPerson/9') }), begun);
  const read = tasksOf(thread({ parties, readers: new Map([[NURSE.owner, READ]]) }), answered);
  const withdrawn = tasksOf(thread({ parties, isWithdrawn: true }), read);
  for (const task of [begun, answered, read, withdrawn].flat()) expect(ozoFaults(task, version)).toEqual([]);
});

test('at the beginning all have yet to read but who began, and no Task has a focus', () => {
  const state = thread({ latest: undefined });
  expect(shown(tasksOf(state))).toEqual({ 'Practitioner/7': 'completed', 'RelatedPerson/9': 'requested' });
});

test('an answer completes the Task of its author, opens all others and moves the focus of all', () => {
  const before = tasksOf(thread());
  const after = tasksOf(thread({ latest: ref('Communication/3'), author: by('RelatedPerson/9') }), before);
  expect(shown(after)).toEqual({
    'Practitioner/7': 'requested Communication/3',
    'RelatedPerson/9': 'completed Communication/3',
  });
  expect(after.find(({ owner }) => owner?.reference === 'Practitioner/7')?.executionPeriod).toBeUndefined();
});

test('reading the latest message completes a Task, and says when', () => {
  const after = tasksOf(thread({ readers: new Map([[KIN.owner, READ]]) }), tasksOf(thread()));
  expect(shown(after)).toMatchObject({ 'RelatedPerson/9': 'completed Communication/2' });
  expect(after[1]?.executionPeriod).toEqual({ end: READ.toISOString() });
});

test('what is as it should be is not written again', () => {
  const state = thread({ readers: new Map([[KIN.owner, READ]]) });
  expect(taskChanges(state, tasksOf(state), NOW + 60_000)).toEqual([]);
});

test('a Task that a platform has completed a moment ago is not opened again for the same message', () => {
  const actual = tasksOf(thread()).map((task) => ({ ...task, status: 'completed' as const }));
  expect(taskChanges(thread(), actual, NOW)).toEqual([]);
  const next = thread({ latest: ref('Communication/3') });
  expect(shown(tasksOf(next, actual))).toMatchObject({ 'RelatedPerson/9': 'requested Communication/3' });
});

test.each<Task['status']>(['cancelled', 'entered-in-error', 'rejected', 'failed'])(
  'a Task that somebody has put into %s stays so',
  (status) => {
    const actual = tasksOf(thread()).map((task) => ({ ...task, status }));
    const next = thread({ latest: ref('Communication/3'), readers: new Map([[KIN.owner, READ]]) });
    expect(taskChanges(next, actual, NOW)).toEqual([]);
  },
);

describe('who is no party any more', () => {
  test('has their Task cancelled, and opened again when they come back', () => {
    const left = tasksOf(thread({ parties: [NURSE] }), tasksOf(thread()));
    expect(shown(left)).toMatchObject({ 'RelatedPerson/9': 'cancelled Communication/2' });
    expect(taskChanges(thread({ parties: [NURSE] }), left, NOW)).toEqual([]);
    const back = tasksOf(thread(), left);
    expect(shown(back)).toMatchObject({ 'RelatedPerson/9': 'requested Communication/2' });
    expect(back[1]?.statusReason).toBeUndefined();
  });

  test('nobody is, once the conversation is withdrawn', () => {
    const after = tasksOf(thread({ isWithdrawn: true }), tasksOf(thread()));
    expect(after.map(({ status }) => status)).toEqual(['cancelled', 'cancelled']);
    expect(tasksOf(thread({ isWithdrawn: true }))).toEqual([]);
  });
});

describe('the worked example of OZO 0.9: a pharmacy writes to a clinic', () => {
  const parties = [
    asTeam('CareTeam/clinic', 'Practitioner/manu', 'Practitioner/mark'),
    asTeam('CareTeam/pharmacy', 'Practitioner/otheeker', 'Practitioner/pieter', 'Practitioner/manu'),
  ];
  const readers = (...people: readonly string[]) => new Map(people.map((person) => [ref(person), READ]));
  const steps: [string, Partial<ThreadState>, string, string][] = [
    [
      'it begins',
      { latest: undefined, author: by('Practitioner/otheeker', 'CareTeam/pharmacy') },
      'requested',
      'completed',
    ],
    [
      'one of the clinic reads it',
      {
        ...{ latest: undefined, author: by('Practitioner/otheeker', 'CareTeam/pharmacy') },
        readers: readers('Practitioner/mark'),
      },
      'completed',
      'completed',
    ],
    [
      'who is in both teams answers for the clinic',
      { latest: ref('Communication/r'), author: by('Practitioner/manu', 'CareTeam/clinic') },
      'completed Communication/r',
      'requested Communication/r',
    ],
    [
      'one of the pharmacy follows up, without naming the team',
      { latest: ref('Communication/f'), author: by('Practitioner/pieter') },
      'requested Communication/f',
      'completed Communication/f',
    ],
    [
      'who is in both teams answers without naming one: both have answered',
      { latest: ref('Communication/g'), author: by('Practitioner/manu') },
      'completed Communication/g',
      'completed Communication/g',
    ],
  ];

  test('each team has one Task', () => {
    let tasks: readonly StoredTask[] = [];
    for (const [step, over, clinic, pharmacy] of steps) {
      tasks = tasksOf(thread({ parties, ...over }), tasks);
      expect(shown(tasks), step).toEqual({ 'CareTeam/clinic': clinic, 'CareTeam/pharmacy': pharmacy });
    }
    expect(tasks.map(({ id }) => id)).toEqual(parties.map(({ owner }) => readTaskIdOf(REQUEST, owner)));
    expect(tasks.map(({ owner }) => owner?.type)).toEqual(['CareTeam', 'CareTeam']);
    expect(idOf(REQUEST)).toBe('245');
  });
});
