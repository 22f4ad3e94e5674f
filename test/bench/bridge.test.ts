// The parts of the benchmark of the bridge that need no server: what is said, in which order, and what the rounds say together.
import { describe, expect, test } from 'vitest';
import { linkTo } from '../../bench/bridge/line.ts';
import { recordLike } from '../../bench/bridge/like-the-bridge.ts';
import { sayAtOnce, sayEvenly } from '../../bench/bridge/pace.ts';
import { mapProcesses } from '../../bench/bridge/processes.ts';
import { figuresOf, ratiosOf } from '../../bench/bridge/report.ts';
import type { Measured } from '../../bench/bridge/round.ts';
import { makeMessages, tokenIn, type Message } from '../../bench/bridge/said.ts';
import { problemsOf, summarise } from '../../bench/bridge/summary.ts';

describe('what is said', () => {
  test('is known again by its token, in its run and direction alone', () => {
    const [, second] = makeMessages(3, 'matrix-to-fhir', 2, 20);
    expect(second).toMatchObject({ room: 1, token: '[3u-1]' });
    expect(tokenIn(second?.text, 3, 'matrix-to-fhir')).toBe('[3u-1]');
    expect(tokenIn(second?.text, 4, 'matrix-to-fhir')).toBeUndefined();
    expect(tokenIn(second?.text, 3, 'fhir-to-matrix')).toBeUndefined();
    expect(tokenIn(undefined, 3, 'fhir-to-matrix')).toBeUndefined();
  });

  test('is said in order in each room, and by no more than so many at a time', async () => {
    const said: Message[] = [];
    let now = 0;
    let most = 0;
    await sayAtOnce(makeMessages(1, 'fhir-to-matrix', 17, 5), 3, async (message) => {
      now += 1;
      most = Math.max(most, now);
      await Promise.resolve();
      now -= 1;
      said.push(message);
    });
    expect(said).toHaveLength(17);
    expect(most).toBe(3);
    const ofRoom = said.filter(({ room }) => room === 1).map(({ token }) => token);
    expect(ofRoom).toEqual(['[1p-1]', '[1p-6]', '[1p-11]', '[1p-16]']);
  });

  test('waits under a steady load only for what was said before in the same room', async () => {
    const events: string[] = [];
    const first = Promise.withResolvers<undefined>();
    await sayEvenly(makeMessages(1, 'matrix-to-fhir', 4, 2), 1_000, async ({ token }) => {
      events.push(`begins ${token}`);
      if (token === '[1u-0]') await first.promise;
      if (token === '[1u-3]') first.resolve(undefined);
    });
    expect(events).toEqual(['begins [1u-0]', 'begins [1u-1]', 'begins [1u-3]', 'begins [1u-2]']);
  });
});

test('a record of the script is like that of the bridge, but belongs to no conversation', () => {
  const record = {
    ...{ resourceType: 'Communication', id: 'mx-1', meta: { versionId: '1' }, status: 'completed' },
    identifier: [{ use: 'official', system: 'https://matrix.org/event-id', value: '$one' }],
    ...linkTo('CommunicationRequest/c'),
    payload: [{ contentString: 'one' }],
  };
  const of = { id: 'mx-2', eventId: '$two', belongsTo: 'Encounter/e', text: 'two' };
  expect(recordLike({ record }, of)).toEqual({
    ...{ resourceType: 'Communication', id: 'mx-2', status: 'completed' },
    identifier: [{ use: 'official', system: 'https://matrix.org/event-id', value: '$two' }],
    encounter: { reference: 'Encounter/e' },
    sent: expect.any(String) as unknown,
    payload: [{ contentString: 'two' }],
  });
});

/** All that a line took is so many times a unit. */
function measured(times: number, problems: readonly string[] = []): Measured {
  const used = mapProcesses(() => times);
  const drained = { perSecond: 100 / times, bridgeMsPerMessage: times, problems };
  const latenciesMs = { 'matrix-to-fhir': [10 * times], 'fhir-to-matrix': [20 * times] };
  const steady = { latenciesMs, perPair: used, problems: [] };
  return {
    drained: { 'matrix-to-fhir': drained, 'fhir-to-matrix': drained },
    ...{ steady: { slow: steady, fast: steady }, unseen: steady, atRest: used },
  };
}

describe('the rounds together', () => {
  const rounds = [2, 4, 3].map((times) => ({ bridge: measured(times), bare: measured(1) }));

  test('give the median of each comparison within a round', () => {
    const summary = summarise(rounds, { rates: [3, 6] });
    expect(ratiosOf(summary)['matrix_to_fhir_vs_bare']).toBeCloseTo(1 / 3);
    expect(figuresOf(summary)).toMatchObject({
      cpu_per_pair_vs_bare: { value: 3 },
      cpu_ms_per_pair_all: { value: 12 },
      cpu_ms_per_pair_all_bare: { value: 4 },
      bridge_cpu_ms_fhir_to_matrix: { value: 3 },
      added_p50_ms_matrix_to_fhir_3_per_s: { value: 20 },
      added_p99_ms_fhir_to_matrix_6_per_s: { value: 40 },
      idle_cpu_ms_per_s: { value: 3 },
    });
  });

  test('tell in which round what went wrong', () => {
    const wrong = { bridge: measured(1, ['bridge, backlog matrix-to-fhir: 1 lost']), bare: measured(1) };
    expect(problemsOf([...rounds, wrong])).toContain('round 4, bridge, backlog matrix-to-fhir: 1 lost');
    expect(problemsOf(rounds)).toEqual([]);
  });
});
