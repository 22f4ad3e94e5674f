// Copies of files on the real table: made once however often they are tried, and given up where a host or a scanner fails for long.
import { describe, expect, test } from 'vitest';
import type { MxcUri } from '../../src/domain/ids.ts';
import type { Binaries, NewBinary } from '../../src/fhir/binary.ts';
import { createFiles, type FileParts } from '../../src/files/files.ts';
import { createScan } from '../../src/files/scanners.ts';
import type { Media } from '../../src/matrix/media.ts';
import * as copies from '../../src/store/file-copies.ts';
import { BridgeError } from '../../src/telemetry/errors.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { bytesOf, streamOf } from '../builders/bytes.ts';
import { useBridgeDatabase } from '../builders/database.ts';
import { ref } from '../builders/fhir.ts';
import { BOT } from '../builders/matrix.ts';

const pool = useBridgeDatabase();
const { signal } = new AbortController();
const unexpected = () => Promise.reject(new TypeError('No request was expected'));
const URI = 'mxc://example.org/abc' as MxcUri;
const answer = (content: string) => ({
  ...{ status: 200, retryAfterMs: undefined, header: () => undefined, close: () => undefined },
  content: streamOf(content),
});
const refusal = (status: number): Error =>
  Object.assign(new BridgeError('matrix-refused', 'upload media'), { status });

/** A media repository in memory; `forget` makes it forget what was reserved. */
function createRepository() {
  const stored = new Map<MxcUri, string | undefined>();
  const faults: Error[] = [];
  const media: Media = {
    download: (_as, uri) => {
      const content = stored.get(uri);
      return content === undefined ? Promise.reject(refusal(404)) : Promise.resolve(answer(content));
    },
    reserve: () => {
      const uri = `mxc://example.org/${stored.size}` as MxcUri;
      stored.set(uri, undefined);
      return Promise.resolve(uri);
    },
    fill: async (_as, uri, { content }) => {
      const bytes = await bytesOf(content);
      if (!stored.has(uri)) return false;
      if (stored.get(uri) === undefined) stored.set(uri, bytes.toString());
      const fault = faults.shift();
      if (fault !== undefined) throw fault;
      return true;
    },
    largestUpload: () => Promise.resolve(1_000),
  };
  return { media, stored, faults };
}

function createBinaryServer(isRepeatable: boolean) {
  const written: [id: string, content: string, context: string | undefined][] = [];
  const binaries: Binaries = {
    isRepeatable,
    write: async ({ id, file, securityContext }: NewBinary) => {
      written.push([id, (await bytesOf(file.content)).toString(), securityContext]);
      return ref(isRepeatable ? `Binary/${id}` : `Binary/${written.length}`);
    },
  };
  return { binaries, written };
}

function filesWith(over: Partial<FileParts>) {
  return createFiles({
    ...{ db: pool(), copies, bot: BOT, metrics: createMetrics(), retryMs: 60_000 },
    clock: { now: () => new Date('2026-11-29T12:00:00Z') },
    ...{ media: createRepository().media, binaries: createBinaryServer(true).binaries },
    fetchAttachment: unexpected,
    scan: createScan({ scanner: 'off', scanTimeoutMs: 1 }),
    rules: { maxBytes: 5_000, types: ['text/plain'] },
    ...over,
  });
}

const fromMatrix = {
  id: 'file-1',
  url: URI,
  contentType: 'text/plain',
  securityContext: ref('CommunicationRequest/1'),
};
const inline = (text: string) => ({ data: Buffer.from(text).toString('base64') });

describe('to the FHIR server', () => {
  test('a file is written under the id of its copy each time, for those who may read the conversation', async () => {
    const { media, stored } = createRepository();
    stored.set(URI, 'The file');
    const { binaries, written } = createBinaryServer(true);
    const files = filesWith({ media, binaries });
    const carried = await files.toFhir(fromMatrix, signal);
    expect(carried).toEqual({
      ...{ kind: 'carried', contentType: 'text/plain', size: 8, binary: 'Binary/file-1' },
      hash: 'BPvHUI1dRXrtyEBUdYHRP7eF0Tw=',
    });
    expect(await files.toFhir(fromMatrix, signal)).toEqual(carried);
    expect(written).toEqual(Array(2).fill(['file-1', 'The file', 'CommunicationRequest/1']));
  });

  test('where the server chooses the ids, a second attempt finds the Binary of the first', async () => {
    const { media, stored } = createRepository();
    stored.set(URI, 'The file');
    const { binaries, written } = createBinaryServer(false);
    const files = filesWith({ media, binaries });
    const file = { ...fromMatrix, id: 'file-2' };
    expect(await files.toFhir(file, signal)).toMatchObject({ binary: 'Binary/1' });
    expect(await files.toFhir(file, signal)).toMatchObject({ binary: 'Binary/1' });
    expect(written).toHaveLength(1);
    await copies.removeCopies(pool(), ['file-2']);
    expect(await copies.findTarget(pool(), 'file-2')).toBeUndefined();
  });

  test.each([
    ['that is not there', URI, 'gone'],
    ['whose address is none', 'https://evil.example/a', 'gone'],
    ['without an address', undefined, 'gone'],
  ])('a file %s is refused', async (_, url, reason) => {
    const refused = await filesWith({}).toFhir({ ...fromMatrix, url }, signal);
    expect(refused).toEqual({ kind: 'refused', reason });
  });

  test('what the server finds too large is refused as such', async () => {
    const { media, stored } = createRepository();
    stored.set(URI, 'The file');
    const binaries = { isRepeatable: true, write: () => Promise.reject(refusal(413)) };
    expect(await filesWith({ media, binaries }).toFhir(fromMatrix, signal)).toEqual({
      kind: 'refused',
      reason: 'too-large',
    });
  });
});

describe('to the homeserver', () => {
  test('an attempt that ended after the upload is finished by the next under the same address', async () => {
    const { media, stored, faults } = createRepository();
    const files = filesWith({ media });
    const file = { id: 'upload-1', attachment: inline('The file') };
    faults.push(new BridgeError('matrix-unavailable', 'the answer got lost'));
    await expect(files.toMatrix(file, signal)).rejects.toMatchObject({ code: 'matrix-unavailable' });
    const carried = await files.toMatrix(file, signal);
    expect(carried).toEqual({
      kind: 'carried',
      contentType: 'text/plain',
      size: 8,
      uri: 'mxc://example.org/0',
    });
    expect([...stored]).toEqual([['mxc://example.org/0', 'The file']]);
  });

  test('an address that was reserved too long ago is replaced', async () => {
    const { media } = createRepository();
    await copies.saveTarget(pool(), 'upload-2', 'mxc://example.org/forgotten');
    const file = { id: 'upload-2', attachment: inline('The file') };
    expect(await filesWith({ media }).toMatrix(file, signal)).toMatchObject({ uri: 'mxc://example.org/0' });
    expect(await copies.findTarget(pool(), 'upload-2')).toBe('mxc://example.org/0');
  });

  test('the homeserver’s own limit holds beside that of the operator', async () => {
    const file = { id: 'upload-3', attachment: inline('x'.repeat(1_001)) };
    expect(await filesWith({}).toMatrix(file, signal)).toEqual({ kind: 'refused', reason: 'too-large' });
  });

  test('an attachment without data and URL is refused', async () => {
    const file = { id: 'upload-4', attachment: { title: 'a' } };
    expect(await filesWith({}).toMatrix(file, signal)).toEqual({ kind: 'refused', reason: 'gone' });
  });

  test('the FHIR server is waited for as ever, and a file that it does not have is refused', async () => {
    const fetched = (status: number, isOwn: boolean) => () =>
      Promise.resolve({ kind: 'answer', isOwn, answer: { ...answer('x'), status } } as const);
    const file = { id: 'upload-5', attachment: { url: 'Binary/1' } };
    for (const status of [500, 503, 429]) {
      const files = filesWith({ fetchAttachment: fetched(status, true), retryMs: 0 });
      await expect(files.toMatrix(file, signal)).rejects.toMatchObject({ code: 'fhir-unavailable' });
    }
    for (const status of [404, 410]) {
      const files = filesWith({ fetchAttachment: fetched(status, true) });
      expect(await files.toMatrix(file, signal)).toEqual({ kind: 'refused', reason: 'gone' });
    }
  });
});

describe('a host or a scanner that gives no answer', () => {
  const failing: readonly [string, Partial<FileParts>, string, string][] = [
    [
      'host',
      {
        fetchAttachment: () =>
          Promise.resolve({ kind: 'answer', isOwn: false, answer: { ...answer('x'), status: 503 } }),
      },
      'file-unreachable',
      'unreachable',
    ],
    [
      'scanner',
      { scan: () => Promise.reject(new BridgeError('scanner-unavailable', 'no verdict')) },
      'scanner-unavailable',
      'not-scanned',
    ],
  ];
  test.each(failing)(
    '%s: the file is tried again for some time, and then refused',
    async (who, over, code, reason) => {
      const state = { now: Date.UTC(2026, 10, 29, 12) };
      const files = filesWith({ ...over, clock: { now: () => new Date(state.now) } });
      const attachment = who === 'host' ? { url: 'https://files.example/a' } : inline('The file');
      const file = { id: `upload-${who}`, attachment };
      for (const passed of [0, 59_999]) {
        state.now = Date.UTC(2026, 10, 29, 12) + passed;
        await expect(files.toMatrix(file, signal)).rejects.toMatchObject({ code });
      }
      state.now += 1;
      expect(await files.toMatrix(file, signal)).toEqual({ kind: 'refused', reason });
    },
  );

  test('another homeserver that does not give its file is such a host', async () => {
    const { media, stored } = createRepository();
    stored.set(URI, 'x');
    const files = filesWith({
      media: { ...media, download: () => Promise.reject(refusal(502)) },
      retryMs: 0,
    });
    expect(await files.toFhir({ ...fromMatrix, id: 'file-3' }, signal)).toEqual({
      kind: 'refused',
      reason: 'unreachable',
    });
  });
});
