// Members whose homeserver does not answer: it is waited for once, not once for each of them and each room. On a real database.
import { beforeEach, expect, test } from 'vitest';
import type { MatrixUserId } from '../../../src/domain/ids.ts';
import { createHandle } from '../../../src/flows/dispatch.ts';
import type { Homeserver } from '../../../src/matrix/homeserver.ts';
import { createOtherServers, sparingOthers } from '../../../src/matrix/other-servers.ts';
import { BridgeError } from '../../../src/telemetry/errors.ts';
import { ATTEMPT } from '../../builders/bridge.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { createSeenWorld, named } from '../../builders/seen-world.ts';

const pool = useBridgeDatabase();
const MINUTE = 60_000;

/** A team of the nurse, three colleagues at a homeserver that does not answer, and one at another that does. */
async function createScene() {
  const world = await createSeenWorld(pool(), {
    trustedServers: new Set(['example.org', 'dead.example', 'well.example']),
  });
  let nowMs = 0;
  let isDead = true;
  const invited: MatrixUserId[] = [];
  const reads: string[] = [];
  const { homeserver } = world.bridge;
  const asked: Homeserver = {
    ...homeserver,
    roomState: (as, id, signal) => {
      reads.push(id);
      return homeserver.roomState(as, id, signal);
    },
    invite: (as, id, who, ...rest) => {
      invited.push(who);
      return isDead && who.endsWith(':dead.example')
        ? Promise.reject(new BridgeError('matrix-unavailable', 'invite: timed out'))
        : homeserver.invite(as, id, who, ...rest);
    },
  };
  const otherServers = createOtherServers({ monotonicMs: () => nowMs });
  Object.assign(world.bridge, {
    otherServers,
    homeserver: sparingOthers(asked, otherServers, 'example.org'),
  });
  const people = [
    ['11', 'a:dead.example'],
    ['12', 'b:dead.example'],
    ['13', 'c:dead.example'],
    ['14', 'd:well.example'],
  ] as const;
  for (const [id, account] of people)
    world.fhir.put({
      ...{ resourceType: 'Practitioner', id, name: [{ text: `Colleague ${id}` }] },
      telecom: [{ system: 'url', value: `matrix:u/${account}` }],
    });
  const participant = ['7', ...people.map(([id]) => id)].map((id) => named(`Practitioner/${id}`));
  world.write({ participant }, { recipient: people.map(([id]) => ({ reference: `Practitioner/${id}` })) });
  const again = async () => {
    const sql = `select lane.key as lane, position::int, source, source_id as "sourceId", payload, received_at as "receivedAt"
      from item join lane on lane.id = lane_id where lane.key like 'invite:%' order by lane.key`;
    return (await pool().query<Parameters<typeof handle>[0]>(sql)).rows;
  };
  const handle = createHandle(world.bridge);
  return {
    ...{ ...world, invited, reads, again, handle },
    pass: (ms: number): void => {
      nowMs += ms;
    },
    mend: (): void => {
      isDead = false;
    },
  };
}

let scene: Awaited<ReturnType<typeof createScene>>;
beforeEach(async () => {
  scene = await createScene();
});

test('the first that times out ends those of its homeserver, in that room and the next; all others are invited', async () => {
  const { converge, invited, again } = scene;
  await converge('CareTeam/1', 'CommunicationRequest/2');
  const tried = (server: string): number => invited.filter((user) => user.endsWith(`:${server}`)).length;
  expect([tried('dead.example'), tried('well.example')]).toEqual([1, 2]);
  expect((await again()).map(({ lane }) => lane)).toEqual([
    'invite:CareTeam/1',
    'invite:CommunicationRequest/2',
  ]);
});

test('what tries them again reads nothing as long as their homeserver is left alone', async () => {
  const { converge, invited, reads, again, handle } = scene;
  await converge('CareTeam/1');
  const [item] = await again();
  if (item === undefined) throw new TypeError('Expected an item');
  [invited, reads].forEach((list) => list.splice(0));
  expect(await handle(item, ATTEMPT)).toMatchObject({ kind: 'retry', error: { code: 'matrix-unavailable' } });
  expect([invited, reads]).toEqual([[], []]);
});

test('once their homeserver answers again, all of them are invited by that', async () => {
  const { converge, invited, again, handle, pass, mend } = scene;
  await converge('CareTeam/1');
  const [item] = await again();
  if (item === undefined) throw new TypeError('Expected an item');
  invited.splice(0);
  mend();
  pass(MINUTE);
  expect(await handle(item, ATTEMPT)).toMatchObject({ kind: 'done' });
  expect(invited.toSorted()).toEqual(['@a:dead.example', '@b:dead.example', '@c:dead.example']);
});

test('an item that the version before has stored, without the names of the homeservers, is tried as ever', async () => {
  const { converge, invited, again, handle } = scene;
  await converge('CareTeam/1');
  const [item] = await again();
  if (item === undefined) throw new TypeError('Expected an item');
  invited.splice(0);
  const payload = { kind: 'converge', reference: 'CareTeam/1', requireInvites: true, insist: true };
  expect(await handle({ ...item, payload }, ATTEMPT)).toMatchObject({ kind: 'retry' });
  expect(invited).toEqual([]);
});
