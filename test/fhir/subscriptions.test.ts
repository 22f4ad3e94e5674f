// The Subscriptions on the FHIR server: made once, mended where they differ, left alone where they do not.
import { describe, expect, test } from 'vitest';
import { watchedTypes } from '../../src/domain/fhir.ts';
import { FHIR_PROFILES } from '../../src/mapping/fhir-profiles/profiles.ts';
import type { StoredResource } from '../../src/fhir/server.ts';
import { ensureSubscriptions } from '../../src/fhir/subscriptions.ts';

const never = new AbortController().signal;
const DEPS = {
  ...{ hookUrl: 'http://bridge:3000', hookSecret: 'hook-secret-0123456789' },
  hookPayload: 'none' as const,
  resourceTypes: watchedTypes(false),
  readType: FHIR_PROFILES.generic.audit.readType,
};

/** A server that keeps Subscriptions, finds them by endpoint and counts its versions. */
function createServerModel() {
  const kept = new Map<string, StoredResource>();
  const calls: string[] = [];
  const keep = (resource: object, id: string, version: number): StoredResource => {
    const stored = {
      ...resource,
      id,
      meta: { versionId: String(version), lastUpdated: '2025-09-26T00:00:00Z' },
    };
    kept.set(id, stored as unknown as StoredResource);
    return stored as unknown as StoredResource;
  };
  const versionOf = ({ id, meta }: StoredResource) => ({ ...meta, reference: `Subscription/${id}` }) as never;
  return {
    calls,
    all: () => [...kept.values()] as unknown as Record<string, unknown>[],
    change(endpoint: string, over: object): void {
      for (const found of kept.values()) {
        const subscription = found as unknown as { channel: { endpoint: string } };
        if (subscription.channel.endpoint === endpoint) kept.set(found.id, { ...found, ...over });
      }
    },
    search: (type: string, query: readonly (readonly [string, string])[]) => {
      const resources = [...kept.values()].filter((found) => {
        const { channel } = found as unknown as { channel: { endpoint: string } };
        return query.every(([name, value]) => name === 'url' && value === channel.endpoint);
      });
      expect(type).toBe('Subscription');
      return Promise.resolve({ resources, serverTime: undefined });
    },
    create: (resource: object) => {
      calls.push('create');
      return Promise.resolve(versionOf(keep(resource, String(kept.size + 1), 1)));
    },
    update: (resource: StoredResource) => {
      calls.push(`update ${resource.id} from version ${resource.meta.versionId}`);
      return Promise.resolve(versionOf(keep(resource, resource.id, Number(resource.meta.versionId) + 1)));
    },
  };
}

const wanted = (type: string, secret = DEPS.hookSecret) => ({
  resourceType: 'Subscription',
  status: 'requested',
  reason: 'FHIR-Matrix bridge: tells of changes, which the bridge then reads',
  criteria: `${type}?`,
  channel: {
    type: 'rest-hook',
    endpoint: `http://bridge:3000/fhir/hooks/${type.toLowerCase()}`,
    header: [`Authorization: Bearer ${secret}`],
  },
});
const ALL = [
  'CareTeam',
  'CommunicationRequest',
  'Communication',
  'Practitioner',
  'PractitionerRole',
  'RelatedPerson',
  'Patient',
  'Organization',
];

test('the first run creates one per followed type, without payload', async () => {
  const server = createServerModel();
  expect(await ensureSubscriptions({ server, ...DEPS }, never)).toBe(8);
  expect(server.all()).toEqual(ALL.map((type) => expect.objectContaining(wanted(type)) as unknown));
});

test('later runs do not change active ones', async () => {
  const server = createServerModel();
  await ensureSubscriptions({ server, ...DEPS }, never);
  expect(await ensureSubscriptions({ server, ...DEPS }, never)).toBe(0);
  for (const type of ALL) server.change(wanted(type).channel.endpoint, { status: 'active' });
  expect(await ensureSubscriptions({ server, ...DEPS }, never)).toBe(0);
  expect(server.calls).toEqual(Array.from({ length: 8 }, () => 'create'));
});

describe('one that differs is updated in the version that was read', () => {
  const { channel } = wanted('Communication');
  test.each<[string, object]>([
    ['given up by the server', { status: 'error' }],
    ['switched off', { status: 'off' }],
    ['with an old secret', { channel: { ...channel, header: ['Authorization: Bearer old'] } }],
    ['without a secret', { channel: { ...channel, header: undefined } }],
    ['with two headers', { channel: { ...channel, header: [...channel.header, 'X-Other: 1'] } }],
    [
      'with a payload: patient data would pass through the hook',
      { channel: { ...channel, payload: 'application/fhir+json' } },
    ],
    ['with other criteria', { criteria: 'Communication?status=completed' }],
  ])('%s', async (_, over) => {
    const server = createServerModel();
    await ensureSubscriptions({ server, ...DEPS }, never);
    server.change(channel.endpoint, over);
    expect(await ensureSubscriptions({ server, ...DEPS }, never)).toBe(1);
    expect(server.calls.slice(8)).toEqual(['update 3 from version 1']);
    expect(server.all()).toHaveLength(8);
    expect(server.all()[2]).toMatchObject(wanted('Communication'));
    expect(server.all()[2]?.['channel']).not.toHaveProperty('payload');
    expect(await ensureSubscriptions({ server, ...DEPS }, never)).toBe(0);
  });

  test('a new secret is written to all', async () => {
    const server = createServerModel();
    await ensureSubscriptions({ server, ...DEPS }, never);
    const hookSecret = 'a-new-secret-0123456789';
    expect(await ensureSubscriptions({ server, ...DEPS, hookSecret }, never)).toBe(8);
    expect(server.all()).toEqual(
      ALL.map((type) => expect.objectContaining(wanted(type, hookSecret)) as unknown),
    );
  });
});

test('a payload is asked for where the operator wants it, of what is no person', async () => {
  const server = createServerModel();
  await ensureSubscriptions({ server, ...DEPS }, never);
  expect(await ensureSubscriptions({ server, ...DEPS, hookPayload: 'resource' }, never)).toBe(3);
  const payloads = server.all().map((found) => (found['channel'] as { payload?: string }).payload);
  expect(payloads.slice(0, 3)).toEqual(new Array(3).fill('application/fhir+json'));
  expect(payloads.slice(3)).toEqual(new Array(5).fill(undefined));
  expect(await ensureSubscriptions({ server, ...DEPS, hookPayload: 'resource' }, never)).toBe(0);
});

test('where read state is carried, completed Tasks and AuditEvents of reading are told too', async () => {
  const server = createServerModel();
  await ensureSubscriptions({ server, ...DEPS, resourceTypes: watchedTypes(true) }, never);
  expect(server.all().slice(8)).toMatchObject([
    { criteria: 'Task?status=completed' },
    {
      criteria:
        'AuditEvent?type=http%3A%2F%2Fterminology.hl7.org%2FCodeSystem%2Fiso-21089-lifecycle%7Caccess',
    },
  ]);
});
