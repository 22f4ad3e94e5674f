// What a file is by its content, and what may not be carried.
import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { contentTypeOf } from '../../src/files/content-type.ts';
import { asInspected, inspect, type FileRules } from '../../src/files/inspect.ts';
import { createScan } from '../../src/files/scanners.ts';
import type { Scan } from '../../src/files/scan.ts';
import type { ByteStream } from '../../src/net/http.ts';
import { attachments } from '../../src/config/attachments.ts';
import { bytesOf, pieces, streamOf } from '../builders/bytes.ts';

const { types } = attachments.parse({});
const { signal } = new AbortController();
const noScan = createScan({ scanner: 'off', scanTimeoutMs: 1 });
const inspected = (
  content: ByteStream | string,
  { claimed, scan = noScan, ...rules }: Partial<FileRules> & { claimed?: string; scan?: Scan } = {},
) =>
  inspect(
    typeof content === 'string' ? streamOf(content) : content,
    claimed,
    { maxBytes: 1_000, types, ...rules },
    scan,
    signal,
  );

const latin1 = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const PNG = latin1(
  '\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\0IDAT',
);
const OGG = latin1(`OggS\0\x02${'\0'.repeat(20)}\x01\x13OpusHead\x01\x01`);
const MP4 = latin1('\0\0\0\x18ftypisom\0\0\0\0isommp42');
const WEBM = latin1(
  '\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webmB\x87\x81\x04',
);
const CFB = latin1(`\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1${'\0'.repeat(100)}`);

describe('the type of a file is what its bytes say', () => {
  test.each<[string, Uint8Array | string, string | undefined, string]>([
    ['an image', PNG, 'image/png', 'image/png'],
    ['a document that is called an image', '%PDF-1.7\n', 'image/png', 'application/pdf'],
    [
      'a program that is called a document',
      latin1('MZ\x90\0'),
      'application/pdf',
      'application/x-msdownload',
    ],
    ['a voice message', OGG, 'audio/ogg', 'audio/ogg'],
    ['a recording in a container of films', WEBM, 'audio/webm', 'audio/webm'],
    ['the same container with a film', WEBM, 'video/webm', 'video/webm'],
    ['a recording of a telephone', MP4, 'audio/mp4', 'audio/mp4'],
    ['a container that is called an image', MP4, 'image/png', 'video/mp4'],
    ['an old office document', CFB, 'application/msword', 'application/msword'],
    ['text', 'Dear colleague,\nüber 10 µg', undefined, 'text/plain'],
    ['a table', 'date;pulse\n2026-11-29;72\n', 'text/csv; charset=utf-8', 'text/csv'],
    ['text that is called a program', 'echo hello', 'application/x-sh', 'text/plain'],
    ['a page that is called text', '  <!DOCTYPE html><p>', 'text/plain', 'text/html'],
    ['a script in a page', '<script>alert(1)</script>', 'text/csv', 'text/html'],
    ['a drawing that may hold a script', '<svg onload="alert(1)">', 'image/png', 'text/html'],
    ['a drawing with the line of XML', '<?xml version="1.0"?><svg/>', 'image/svg+xml', 'application/xml'],
    [
      'what is compressed: nobody looks into it',
      latin1('\x1f\x8b\x08\0\0\0\0\0'),
      'image/png',
      'application/gzip',
    ],
    ['bytes that say nothing', latin1('\0\x01\x02\x03'), 'image/png', 'application/octet-stream'],
    ['text with control characters', 'a\0b', 'text/plain', 'application/octet-stream'],
    ['text in another encoding', latin1('caf\xe9s'), 'text/plain', 'application/octet-stream'],
    ['nothing', '', 'image/png', 'text/plain'],
  ])('%s', async (_, head, claimed, expected) => {
    expect(await contentTypeOf(Buffer.from(head), claimed)).toBe(expected);
  });

  test('no bytes make it fail', async () => {
    for (const start of [
      'PK\x03\x04',
      '\x1aE\xdf\xa3',
      'RIFF',
      '\0\0\0\x18ftyp',
      'II*\0',
      'OggS',
      '%PDF',
      'ID3',
    ])
      for (let run = 0; run < 30; run += 1) {
        const head = Buffer.concat([latin1(start), randomBytes(run * 40)]);
        expect(await contentTypeOf(head, undefined)).toMatch(/^[\w+-]+\/[\w.+-]+$/);
      }
  });
});

describe('an inspection', () => {
  test('tells size, type and digests of the whole file', async () => {
    const text = 'The quick brown fox. '.repeat(20);
    expect(await inspected(streamOf(text, 7))).toEqual({
      contentType: 'text/plain',
      size: text.length,
      sha1: createHash('sha1').update(text).digest('base64'),
      sha256: createHash('sha256').update(text).digest('base64'),
    });
  });

  test('refuses a type that is not allowed, before the rest is read', async () => {
    let read = 0;
    const large = async function* (): ByteStream {
      for await (const piece of pieces(1_000, 65_536)) {
        read += 1;
        yield read === 1 ? Buffer.concat([latin1('MZ\x90\0'), piece]) : piece;
      }
    };
    await expect(inspected(large(), { maxBytes: 100_000_000 })).rejects.toMatchObject({
      reason: 'type-not-allowed',
    });
    expect(read).toBeLessThan(5);
    await expect(inspected('<html>')).rejects.toMatchObject({ reason: 'type-not-allowed' });
    await expect(inspected('text', { types: ['image/*'] })).rejects.toMatchObject({
      reason: 'type-not-allowed',
    });
  });

  test('refuses a file of one byte too many, and takes one of just as many as are allowed', async () => {
    expect(await inspected('x'.repeat(1_000))).toMatchObject({ size: 1_000 });
    await expect(inspected('x'.repeat(1_001))).rejects.toMatchObject({ reason: 'too-large' });
    await expect(inspected(pieces(1_000, 65_536), { maxBytes: 500_000 })).rejects.toMatchObject({
      reason: 'too-large',
    });
  });

  test('refuses what the scanner finds, and takes no verdict on half a file', async () => {
    const early = (verdict: 'clean' | 'infected'): Scan => {
      return async (content) => {
        for await (const chunk of content) if (chunk.length > 0) break;
        return verdict;
      };
    };
    const file = () => pieces(100, 65_536);
    const maxBytes = 100_000_000;
    await expect(inspected(file(), { maxBytes, scan: early('infected') })).rejects.toMatchObject({
      reason: 'infected',
    });
    await expect(inspected(file(), { maxBytes, scan: early('clean') })).rejects.toMatchObject({
      code: 'scanner-unavailable',
    });
  });
});

describe('the second reading', () => {
  test('gives the same bytes, and the last of them only when it was the same file', async () => {
    const first = await inspected('The file');
    expect((await bytesOf(asInspected(streamOf('The file', 3), first))).toString()).toBe('The file');
    const other: string[] = [];
    const read = async (): Promise<void> => {
      for await (const chunk of asInspected(streamOf('The fIle', 3), first))
        other.push(Buffer.from(chunk).toString());
    };
    await expect(read()).rejects.toMatchObject({ code: 'file-unreachable' });
    expect(other).toEqual(['The', ' fI']);
  });

  test('ends where the file is longer than it was', async () => {
    const first = await inspected('The file');
    await expect(bytesOf(asInspected(streamOf('The file and more', 3), first))).rejects.toMatchObject({
      reason: 'too-large',
    });
  });
});
