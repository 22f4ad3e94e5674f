// Files on the real servers: media of Synapse, Binaries of HAPI.
import { createHash, randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { createPlatform } from '../../stack/demo/platform.ts';
import type { MatrixUserId, MxcUri } from '../../src/domain/ids.ts';
import { createBinaries } from '../../src/fhir/binary.ts';
import { createMatrixClient } from '../../src/matrix/client.ts';
import { createHomeserver } from '../../src/matrix/homeserver.ts';
import { createMedia, type Media } from '../../src/matrix/media.ts';
import { createAttachmentFetch } from '../../src/net/attachments.ts';
import { bytesOf, flowing, pieces } from '../builders/bytes.ts';
import { ref } from '../builders/fhir.ts';

const observe = () => () => undefined;
const TIMEOUT_MS = 60_000;
const sha1 = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('base64');

describe.skipIf(inject('stackMissing') !== undefined)('files', () => {
  const run = randomBytes(4).toString('hex');
  const pdf = Buffer.concat([Buffer.from('%PDF-1.7\n'), randomBytes(300_000)]);
  const file = () => flowing(pdf, 'application/pdf');

  describe('of the homeserver', () => {
    let media: Media;
    let bot: MatrixUserId;
    beforeAll(async () => {
      const { synapse, appservice } = inject('stack');
      bot = `@_fhir_${run}files:${synapse.serverName}` as MatrixUserId;
      const client = createMatrixClient({
        ...{ homeserverUrl: synapse.url, asToken: appservice.asToken, maxConcurrentRequests: 8 },
        ...{ requestTimeoutMs: TIMEOUT_MS, observe },
      });
      await createHomeserver(client).registerGhost(bot);
      media = createMedia(client, TIMEOUT_MS);
    });

    test('go up under a reserved address, a second time without harm, and come down as they were', async () => {
      const uri = await media.reserve(bot);
      expect(await media.fill(bot, uri, file())).toBe(true);
      expect(await media.fill(bot, uri, flowing(Buffer.from('other'), 'text/plain'))).toBe(true);
      const { content, header } = await media.download(bot, uri);
      expect(sha1(await bytesOf(content))).toBe(sha1(pdf));
      expect(header('content-type')).toBe('application/pdf');
    });

    test('are not there under an address that it does not know', async () => {
      const { serverName } = inject('stack').synapse;
      const unknown = `mxc://${serverName}/${run}unknown` as MxcUri;
      await expect(media.download(bot, unknown)).rejects.toMatchObject({ status: 404 });
      expect(await media.fill(bot, unknown, file())).toBe(false);
      const elsewhere = `mxc://127.0.0.1:9/${run}` as MxcUri;
      await expect(media.download(bot, elsewhere)).rejects.toMatchObject({ status: 502 });
    });

    test('may be as large as it says', async () => {
      expect(await media.largestUpload(bot)).toBeGreaterThanOrEqual(50 * 1024 * 1024);
    });
  });

  describe('of the FHIR server', () => {
    const options = () => ({
      baseUrl: inject('stack').hapi.url,
      bearerToken: undefined,
      timeoutMs: TIMEOUT_MS,
    });
    const fetchFile = (url: string, maxBytes = 1_000_000) =>
      createAttachmentFetch({ ...options(), allowedHosts: [], allowPrivateAddresses: false, maxBytes })(url);

    test('are written under an id of the bridge, again without a second version, and read as they were', async () => {
      const platform = createPlatform(options().baseUrl);
      await platform.put({ resourceType: 'Patient', id: `${run}-p`, active: true });
      const binaries = createBinaries({ ...options(), idStrategy: 'client-assigned', observe });
      const binary = { id: `f-${run}`, file: file(), securityContext: ref(`Patient/${run}-p`) };
      expect(await binaries.write(binary)).toBe(`Binary/f-${run}`);
      expect(await binaries.write({ ...binary, file: file() })).toBe(`Binary/f-${run}`);
      const fetched = await fetchFile(`Binary/f-${run}`);
      if (fetched.kind !== 'answer') throw new Error('Expected an answer');
      expect(fetched.answer.status).toBe(200);
      expect(fetched.answer.header('content-type')).toBe('application/pdf');
      expect(sha1(await bytesOf(fetched.answer.content))).toBe(sha1(pdf));
      const resource = (await platform.read(`Binary/f-${run}`)) as Record<string, unknown>;
      expect(resource).toMatchObject({
        contentType: 'application/pdf',
        securityContext: { reference: `Patient/${run}-p` },
        meta: { versionId: '1' },
      });
    });

    test('are written under an id of the server', async () => {
      const binaries = createBinaries({ ...options(), idStrategy: 'server-assigned', observe });
      const made = await binaries.write({ id: `x-${run}`, file: file(), securityContext: undefined });
      expect(made).toMatch(/^Binary\/.+/);
      expect(made).not.toContain(run);
      const absolute = await fetchFile(`${options().baseUrl}/${made}`);
      expect(absolute).toMatchObject({ kind: 'answer', isOwn: true });
      if (absolute.kind === 'answer') expect(await bytesOf(absolute.answer.content)).toHaveLength(pdf.length);
    });

    // 40 MB cross in test/e2e/files.test.ts.
    test('may have 16 MB', async () => {
      const binaries = createBinaries({ ...options(), idStrategy: 'client-assigned', observe });
      const large = {
        contentType: 'application/octet-stream',
        size: 16 * 1024 * 1024,
        content: pieces(256, 65_536),
      };
      const made = await binaries.write({ id: `large-${run}`, file: large, securityContext: undefined });
      const fetched = await fetchFile(made, 17 * 1024 * 1024);
      if (fetched.kind !== 'answer') throw new Error('Expected an answer');
      let bytes = 0;
      for await (const chunk of fetched.answer.content) bytes += chunk.length;
      expect(bytes).toBe(16 * 1024 * 1024);
    });
  });
});
