// The address of a practitioner's ghost goes into one's own directory, once and over failures. On a real database.
import type { JsonValue } from '../../../src/domain/json.ts';
import { beforeEach, describe, expect, test } from 'vitest';
import { createFhirClient } from '../../../src/fhir/client.ts';
import { createFhirServer } from '../../../src/fhir/server.ts';
import type { RoomAlias } from '../../../src/domain/ids.ts';
import { applyGhostChange } from '../../../src/flows/people/ghosts.ts';
import { createHandle } from '../../../src/flows/dispatch.ts';
import { publishFormerGhosts } from '../../../src/flows/people/publish-address.ts';
import { inTransaction } from '../../../src/inbox/database.ts';
import { createOwnDirectory } from '../../../src/identity/directories/own-directory.ts';
import * as ghosts from '../../../src/store/ghosts.ts';
import type { PersonRow } from '../../../src/store/people.ts';
import * as people from '../../../src/store/people.ts';
import * as resourceVersions from '../../../src/store/resource-versions.ts';
import * as roomMembers from '../../../src/store/room-members.ts';
import * as rooms from '../../../src/store/rooms.ts';
import { clockAt, createBridge, unreachableHomeserver } from '../../builders/bridge.ts';
import { itemsIn, useBridgeDatabase } from '../../builders/database.ts';
import { ref, stored } from '../../builders/fhir.ts';
import type { Answer, SeenRequest } from '../../builders/http.ts';
import { serveScript } from '../../builders/http.ts';
import { userId } from '../../builders/matrix.ts';
import { at, ghost, resolveOne, SETTINGS } from '../../builders/people.ts';

const pool = useBridgeDatabase();
const REFERENCE = ref('Practitioner/7');
const GHOST = ghost('Practitioner/7');
const PHONE = { system: 'phone', value: '070' };
const TAGGED = {
  system: 'other',
  value: GHOST,
  extension: [
    {
      url: 'http://hl7.org/fhir/StructureDefinition/contactpoint-purpose',
      valueString: 'matrix-messaging',
    },
  ],
};

let version = 1;
let telecom: readonly object[] | undefined;
let interfere: (() => Answer | undefined) | undefined;
beforeEach(() => {
  [version, telecom, interfere] = [1, [PHONE], undefined];
});

/** A FHIR server with one practitioner, and none while `telecom` is undefined. */
function fhirServer({ method, headers, body }: SeenRequest): Answer {
  const json = (status: number, content: object): Answer => ({
    ...{ status, headers: { 'content-type': 'application/fhir+json' }, body: content },
  });
  if (telecom === undefined) return json(404, { resourceType: 'OperationOutcome', issue: [] });
  if (method === 'PUT') {
    const failure = interfere?.();
    if (failure !== undefined) return failure;
    if (headers['if-match'] !== `W/"${version}"`) {
      return json(412, { resourceType: 'OperationOutcome', issue: [] });
    }
    version += 1;
    ({ telecom } = JSON.parse(body) as { telecom: readonly object[] });
  }
  return json(200, stored(REFERENCE, String(version), '2025-09-26T09:00:00Z', { telecom }));
}

async function world({ isConfigured = true } = {}) {
  const { url, seen } = await serveScript(fhirServer);
  const client = createFhirClient({
    ...{ baseUrl: url, bearerToken: undefined, requestTimeoutMs: 5000, observe: () => () => undefined },
  });
  const fhir = createFhirServer(client, 'client-assigned');
  const bridge = createBridge(pool(), {
    ...{ fhir, settings: SETTINGS },
    homeserver: { ...unreachableHomeserver, registerGhost: () => Promise.resolve() },
    ...(isConfigured && {
      publishAddress: createOwnDirectory({
        server: fhir,
        clock: clockAt('2025-09-26T12:00:00Z'),
        isLenient: false,
      }),
    }),
  });
  const { signal } = new AbortController();
  const register = (reference: string) =>
    applyGhostChange(
      bridge,
      { kind: 'register-ghost', userId: ghost(reference), reference: ref(reference) },
      signal,
    );
  /** Handles an item as the inbox does. */
  const handle = async (payload: JsonValue): Promise<string> => {
    const item = { lane: '', position: 1, source: '', sourceId: '', payload, receivedAt: new Date() };
    const outcome = await createHandle(bridge)(item, { number: 1, inDoubt: false, signal });
    if ('record' in outcome) await inTransaction(pool(), outcome.record);
    if (outcome.kind === 'ignored') return outcome.reason;
    return 'error' in outcome ? `${outcome.kind} ${outcome.error.code}` : outcome.kind;
  };
  const former = (limit: number) => publishFormerGhosts(bridge, limit);
  /** The process ends before it has committed. */
  const interrupted = (limit: number) =>
    publishFormerGhosts({ ...bridge, enqueue: () => Promise.reject(new Error('the end')) }, limit);
  return {
    register,
    handle,
    former,
    interrupted,
    writes: () => seen.filter(({ method }) => method === 'PUT').length,
    seen,
  };
}

const ITEM = { kind: 'publish', reference: REFERENCE, userId: GHOST };
const lane = (reference: string) => itemsIn(pool(), `publish:${reference}`);
const payloads = async () =>
  (await pool().query<{ payload: object }>('select payload from item')).rows.map(({ payload }) => payload);

test('a ghost that was registered for a practitioner is published once, and its version is the bridge’s own', async () => {
  const { register, handle, writes } = await world();
  await register(REFERENCE);
  await register(REFERENCE);
  expect(await lane(REFERENCE)).toEqual([`${REFERENCE} ${GHOST}`]);
  expect(await payloads()).toEqual([ITEM]);
  expect(await handle(ITEM)).toBe('done');
  expect(telecom).toEqual([PHONE, TAGGED]);
  expect(await resourceVersions.wasWritten(pool(), REFERENCE, '2')).toBe(true);
  const change = {
    kind: 'fhir.change',
    resourceType: 'Practitioner',
    reference: REFERENCE,
    versionId: '2',
  };
  expect(await handle(change)).toBe('own-write');
  expect(await handle(ITEM)).toBe('published');
  expect(writes()).toBe(1);
});

test.each(['Patient/7', 'RelatedPerson/7', 'PractitionerRole/7', 'Organization/7'])(
  '%s is never published',
  async (reference) => {
    const { register, handle, seen } = await world();
    await register(reference);
    expect(await payloads()).toEqual([]);
    expect(await handle({ ...ITEM, reference })).toBe('not-published');
    expect(seen).toEqual([]);
  },
);

test('nothing is stored or written where no directory is one’s own', async () => {
  const { register, handle, seen } = await world({ isConfigured: false });
  await register(REFERENCE);
  expect(await ghosts.findGhosts(pool(), [GHOST])).toHaveProperty('size', 1);
  expect(await payloads()).toEqual([]);
  expect(await handle(ITEM)).toBe('not-published');
  expect(seen).toEqual([]);
});

test('another address that the person publishes is left, be it of a server that is not trusted', async () => {
  telecom = [at('@jan:elsewhere.example')];
  const { handle, writes } = await world();
  expect(await handle(ITEM)).toBe('own-account');
  expect(writes()).toBe(0);
});

test.each(['user', 'stored'] as const)('a person who has an account (%s) is left', async (how) => {
  const jan = userId('@jan:h');
  const row = { reference: REFERENCE, userId: jan, kind: 'user', source: 'directory' } as const;
  await (how === 'user'
    ? people.savePeople(pool(), [row])
    : people
        .linkPerson(pool(), REFERENCE, jan)
        .then(() => people.savePeople(pool(), [{ ...row, userId: GHOST, kind: 'ghost', source: 'ghost' }])));
  const { handle, seen } = await world();
  expect(await handle(ITEM)).toBe('own-account');
  expect(seen).toEqual([]);
});

test('who is gone is not made', async () => {
  telecom = undefined;
  const { handle, writes } = await world();
  expect(await handle(ITEM)).toBe('gone');
  expect(writes()).toBe(0);
});

test('what another writes at the same moment is kept, and taken note of', async () => {
  const { handle, writes } = await world();
  const team = ref('CareTeam/1');
  await rooms.reserveRoom(pool(), team, '#careteam/1:h' as RoomAlias);
  await roomMembers.saveDependencies(pool(), team, new Set([REFERENCE]));
  const late = { system: 'email', value: 'late@example.org' };
  interfere = () => {
    [version, telecom, interfere] = [2, [late], undefined];
    return undefined;
  };
  expect(await handle(ITEM)).toBe('done');
  expect([telecom, writes()]).toEqual([[late, TAGGED], 2]);
  expect(await resourceVersions.wasWritten(pool(), REFERENCE, '3')).toBe(true);
  expect(await itemsIn(pool(), `to-matrix:${team}`)).toEqual([
    expect.stringMatching(new RegExp(`^${REFERENCE}/3@[^ ]+ ${team}$`)) as string,
  ]);
});

test('a server that is down is tried again by the inbox', async () => {
  interfere = () => ({ status: 503 });
  const { handle } = await world();
  expect(await handle(ITEM)).toMatch(/^retry fhir-/);
  interfere = undefined;
  expect(await handle(ITEM)).toBe('done');
  expect(telecom).toEqual([PHONE, TAGGED]);
});

test('the published ghost stays a ghost, and gives way to an address of the person’s own', async () => {
  const { handle } = await world();
  await handle(ITEM);
  const published = telecom ?? [];
  const wanted = { people: [REFERENCE] };
  const account = (...contacts: readonly object[]) =>
    resolveOne({ [REFERENCE]: { telecom: contacts } }, wanted);
  expect(await account(...published)).toMatchObject({ kind: 'ghost', userId: GHOST, formerUserIds: [] });
  expect(await account(...published, at('@jan:h'))).toMatchObject({
    ...{ kind: 'user', userId: '@jan:h', relayGhost: GHOST },
  });
});

describe('ghosts that were registered while nothing was published', () => {
  const row = (reference: string, over: Partial<PersonRow> = {}): PersonRow => ({
    ...{ reference: ref(reference), userId: ghost(reference), kind: 'ghost', source: 'ghost' },
    ...over,
  });
  /** Registered before, with what else there was. */
  async function before(...rows: readonly PersonRow[]): Promise<void> {
    const { register } = await world({ isConfigured: false });
    for (const { reference } of rows) await register(reference);
    await people.savePeople(pool(), rows);
  }

  test('are put up, each once, and published', async () => {
    await before(row(REFERENCE));
    const { former, handle, writes } = await world();
    expect(await former(10)).toBe(1);
    expect(await payloads()).toEqual([ITEM]);
    expect(await handle(ITEM)).toBe('done');
    expect(telecom).toEqual([PHONE, TAGGED]);
    // Not even when the item is forgotten, and the address was taken out again.
    await pool().query('delete from item');
    telecom = [PHONE];
    expect(await former(10)).toBe(0);
    expect([await payloads(), writes()]).toEqual([[], 1]);
  });

  test('go some at a time, two replicas take none twice, and what failed is taken again', async () => {
    const references = Array.from({ length: 7 }, (_, index) => `Practitioner/${index}`);
    await before(...references.map((reference) => row(reference)));
    const { former, interrupted } = await world();
    await expect(interrupted(3)).rejects.toThrow('the end');
    expect(await payloads()).toEqual([]);
    expect(await former(3)).toBe(3);
    const [one, other] = await Promise.all([former(3), former(3)]);
    expect(one + other).toBeGreaterThanOrEqual(3);
    while ((await former(3)) > 0);
    const published = (await payloads()) as readonly { reference: string }[];
    expect(published.map(({ reference }) => reference).toSorted()).toEqual(references);
  });

  test('that were put up when they were registered are not put up again', async () => {
    const { register, former } = await world();
    await register(REFERENCE);
    await people.savePeople(pool(), [row(REFERENCE)]);
    await former(10);
    expect(await payloads()).toEqual([ITEM]);
  });

  test('of patients, relatives and roles, of people with an account, and those not registered yet are left', async () => {
    await before(
      ...['Patient/7', 'RelatedPerson/7', 'PractitionerRole/7', 'Organization/7'].map((one) => row(one)),
      row('Practitioner/8', { userId: userId('@jan:h'), kind: 'user', source: 'telecom' }),
      row('Practitioner/9'),
    );
    await people.linkPerson(pool(), ref('Practitioner/9'), userId('@an:h'));
    await people.savePeople(pool(), [row('Practitioner/9'), row('Practitioner/10')]);
    const { former } = await world();
    expect(await former(10)).toBe(0);
    // The word on their account is taken back: now it is the ghost who speaks for them.
    await people.unlinkPerson(pool(), ref('Practitioner/9'));
    expect(await former(10)).toBe(1);
    expect(await lane('Practitioner/9')).toHaveLength(1);
  });

  test('are left where no directory is one’s own', async () => {
    await before(row(REFERENCE));
    const { former } = await world({ isConfigured: false });
    expect(await former(10)).toBe(0);
    const { former: later } = await world();
    expect(await later(10)).toBe(1);
  });
});
