// What bridges rely on when they write to a FHIR server and are told of what others write, on both FHIR servers.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitUntil } from '../../stack/wait.ts';
import { versionOf, type ResourceVersion } from '../../src/domain/fhir.ts';
import { communication, ref } from '../builders/fhir.ts';
import { FHIR_SERVERS, startFhirSubject, type FhirSubject } from './fhir-subject.ts';

const SYSTEM = 'https://example.org/contract';

interface Hook {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** The instant, however it is written. */
const keyOf = ({ reference, versionId, lastUpdated }: ResourceVersion): string =>
  `${reference}/${versionId} ${Date.parse(lastUpdated)}`;

describe.each(FHIR_SERVERS)('$name', ({ name, isMissing }) => {
  describe.skipIf(isMissing)('as the FHIR server', () => {
    const run = randomBytes(4).toString('hex');
    let subject: FhirSubject;
    beforeAll(async () => {
      subject = await startFhirSubject(name);
      await subject.platform.put({ resourceType: 'Practitioner', id: `w${run}`, active: true });
    });
    afterAll(() => subject.end());

    const said = (value: string) => ({
      ...communication({ identifier: [{ system: SYSTEM, value }] }),
      partOf: [],
      sender: { reference: `Practitioner/w${run}` },
    });

    async function ask(method: string, path: string, headers: object, resource: object) {
      const response = await fetch(`${subject.url}/${path}`, {
        method,
        headers: { 'content-type': 'application/fhir+json', ...headers },
        body: JSON.stringify(resource),
      });
      const { id, meta } = (await response.json()) as { id?: string; meta?: { versionId: string } };
      return { status: response.status, id, versionId: meta?.versionId };
    }

    test('creates a resource with an identifier once', async () => {
      const value = `once-${run}`;
      const condition = { 'if-none-exist': `identifier=${encodeURIComponent(`${SYSTEM}|${value}`)}` };
      const first = await ask('POST', 'Communication', condition, said(value));
      const second = await ask('POST', 'Communication', condition, said(value));
      expect([first.status, second.status, second.id]).toEqual([201, 200, first.id]);
    });

    test('finds by identifier what was just written', async () => {
      const value = `found-${run}`;
      const { id } = await ask('POST', 'Communication', {}, said(value));
      const query = new URLSearchParams({ identifier: `${SYSTEM}|${value}` }).toString();
      const found = await subject.platform.search(`Communication?${query}`);
      expect(found.map((resource) => resource.id)).toEqual([id]);
    });

    test('refuses a change of a version that is not the latest', async () => {
      const { id = '' } = await ask('POST', 'Communication', {}, said(`changed-${run}`));
      const path = `Communication/${id}`;
      const change = { ...said(`changed-${run}`), id };
      const ofFirst = { 'if-match': 'W/"1"' };
      expect(await ask('PUT', path, ofFirst, { ...change, status: 'in-progress' })).toMatchObject({
        ...{ status: 200, versionId: '2' },
      });
      expect([409, 412]).toContain((await ask('PUT', path, ofFirst, change)).status);
    });

    test('takes new versions of several messages in one transaction, or none of them', async () => {
      const values = ['a', 'b'].map((name) => `many-${name}-${run}`);
      const ids = await Promise.all(
        values.map(async (value) => (await ask('POST', 'Communication', {}, said(value))).id ?? ''),
      );
      const references = ids.map((id) => ref(`Communication/${id}`));
      const present = async () =>
        [...(await subject.server.readMany(references)).values()].filter(
          (resource) => resource.resourceType === 'Communication',
        );
      const first = await present();
      const changed = first.map((resource) => ({ ...resource, status: 'in-progress' as const }));
      const written = await subject.server.updateMessages(changed);
      const second = await present();
      expect(written).toHaveLength(2);
      expect(new Set(written.map(keyOf))).toEqual(new Set(second.map((each) => keyOf(versionOf(each)))));
      expect(second.map(({ status }) => status)).toEqual(['in-progress', 'in-progress']);

      const [fresh, outdated] = [second[0], changed[1]];
      if (fresh === undefined || outdated === undefined) throw new Error('Both are there');
      const again = [{ ...fresh, status: 'stopped' as const }, outdated];
      await expect(subject.server.updateMessages(again)).rejects.toMatchObject({ code: 'fhir-conflict' });
      expect(new Set(await present())).toEqual(new Set(second));
    });

    describe('with Subscriptions', () => {
      const hooks: Hook[] = [];
      const server = createServer((incoming, outgoing) => {
        const { method = '', url: path = '', headers } = incoming;
        void text(incoming).then((body) => {
          hooks.push({ method, path, authorization: headers.authorization, body });
          outgoing.end();
        });
      });
      beforeAll(async () => {
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
      });
      afterAll(() => {
        server.closeAllConnections();
        server.close();
      });

      async function subscribe(path: string, payload: object): Promise<void> {
        const { port } = server.address() as AddressInfo;
        const { id } = await subject.platform.post({
          ...{ resourceType: 'Subscription', status: 'requested', reason: 'contract' },
          criteria: 'Communication?status=completed',
          channel: {
            ...{ type: 'rest-hook', endpoint: `http://127.0.0.1:${port}${path}`, ...payload },
            header: ['Authorization: Bearer of-the-contract'],
          },
        });
        await waitUntil(
          async () => (await subject.platform.read(`Subscription/${id ?? ''}`))['status'] === 'active',
          { what: 'the Subscription is active', timeoutMs: 60_000 },
        );
      }

      const hookAt = (path: string): Promise<Hook> =>
        waitUntil(() => hooks.find((hook) => hook.path.startsWith(path)), {
          what: `a hook comes to ${path}`,
          timeoutMs: 60_000,
        });

      test('tells of what was written, with the resource or without, and only what the criteria find', async () => {
        await subscribe(`/empty/${run}`, {});
        await subscribe(`/full/${run}`, { payload: 'application/fhir+json' });
        await ask('POST', 'Communication', {}, { ...said(`other-${run}`), status: 'in-progress' });
        const { id } = await ask('POST', 'Communication', {}, said(`told-${run}`));
        expect(await hookAt('/empty')).toMatchObject({
          ...{ method: 'POST', path: `/empty/${run}`, body: '', authorization: 'Bearer of-the-contract' },
        });
        const full = await hookAt('/full');
        expect(full).toMatchObject({
          ...{ method: 'PUT', path: `/full/${run}/Communication/${id ?? ''}` },
          authorization: 'Bearer of-the-contract',
        });
        expect(JSON.parse(full.body)).toMatchObject({
          ...{ resourceType: 'Communication', id, meta: { versionId: '1' } },
          payload: [{ contentString: 'Good morning' }],
        });
      });
    });
  });
});
