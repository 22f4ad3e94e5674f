// The section `attachments`: what it is by default, and the faults of a bad one.
import { expect, test } from 'vitest';
import { attachments } from '../../src/config/attachments.ts';
import { isAmong } from '../../src/files/content-type.ts';

test('by default files of care are carried, and nothing that runs', () => {
  const { types, maxBytes, maxCount, scanner, allowedHosts, allowPrivateAddresses } = attachments.parse({});
  expect({ maxBytes, maxCount, scanner, allowedHosts, allowPrivateAddresses }).toEqual({
    ...{ maxBytes: 52_428_800, maxCount: 5, scanner: 'off' },
    ...{ allowedHosts: [], allowPrivateAddresses: false },
  });
  const OOXML = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';
  for (const type of ['image/jpeg', 'audio/ogg', 'video/mp4', 'application/pdf', 'text/csv', OOXML])
    expect(isAmong(type, types), type).toBe(true);
  for (const type of [
    ...['text/html', 'image/svg+xml', 'application/xml', 'application/x-msdownload', 'application/zip'],
    ...['application/gzip', 'application/octet-stream', 'application/vnd.ms-word.document.macroenabled.12'],
  ])
    expect(isAmong(type, types), type).toBe(false);
});

test.each([
  ['clamd without its address', { scanner: 'clamd' }, 'clamdAddress'],
  ['a command that is missing', { scanner: 'command' }, 'scanCommand'],
  ['an empty command', { scanner: 'command', scanCommand: [] }, 'scanCommand'],
  ['an address without a port', { clamdAddress: 'clamd' }, 'clamdAddress'],
  ['a URL in place of a host', { allowedHosts: ['https://files.example/'] }, 'allowedHosts'],
  ['a type that is none', { types: ['*'] }, 'types'],
  ['no files at all', { maxCount: 0 }, 'maxCount'],
])('%s is a fault', (_, section, key) => {
  const { error } = attachments.safeParse(section);
  expect(error?.issues.map(({ path }) => path[0])).toEqual([key]);
});

test('durations are read in milliseconds', () => {
  expect(attachments.parse({ retrySeconds: 1, timeoutSeconds: 2, scanTimeoutSeconds: 3 })).toMatchObject({
    ...{ retryMs: 1_000, timeoutMs: 2_000, scanTimeoutMs: 3_000 },
  });
});
