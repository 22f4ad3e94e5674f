// Which picture a ghost shows: what is an image by its own bytes, and whose may be shown.
import { describe, expect, test } from 'vitest';
import type { Person } from '../../src/domain/fhir.ts';
import { avatarOf, decodeImage } from '../../src/mapping/avatars.ts';

const base64 = (...parts: readonly (string | number)[]): string =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.alloc(part))),
  ).toString('base64');
const PNG = base64('\x89PNG\r\n\x1a\n', 20);
const avatar = (resourceType: Person['resourceType'], photo: object, over: object = {}) =>
  avatarOf({ resourceType, photo: [photo] } as unknown as Person, {
    ...{ avatars: true, namePolicy: 'full' as const },
    ...over,
  });

describe('the type of an image comes from its first bytes', () => {
  test.each([
    ['a JPEG', base64('\xff\xd8\xff\xe0', 20), 'image/jpeg'],
    ['a PNG', PNG, 'image/png'],
    ['a WebP', base64('RIFF', 4, 'WEBP', 20), 'image/webp'],
    ['a GIF', base64('GIF89a', 20), 'image/gif'],
    ['an old GIF', base64('GIF87a', 20), 'image/gif'],
    ['a page', base64('<svg onload=alert(1)>'), undefined],
    ['a sound', base64('RIFF', 4, 'WAVE', 20), undefined],
    ['nothing', '', undefined],
    ['no base64', '<>', undefined],
    ['of a megabyte', base64('\x89PNG\r\n\x1a\n', 1024 * 1024 - 8), 'image/png'],
    ['of a megabyte and a byte', base64('\x89PNG\r\n\x1a\n', 1024 * 1024 - 7), undefined],
    ['of many megabytes', base64('\x89PNG\r\n\x1a\n', 3 * 1024 * 1024), undefined],
  ])('%s', (_, data, expected) => {
    expect(decodeImage(data)?.contentType).toBe(expected);
  });
});

describe('the picture of a person', () => {
  test('inside the resource is used, whatever content type it declares', () => {
    expect(avatar('Practitioner', { data: PNG, contentType: 'text/html' })).toMatchObject({
      source: { kind: 'image', image: { contentType: 'image/png' } },
    });
  });

  test.each([
    ['a Binary of the server', 'Binary/7', 'Binary/7'],
    ['a version of it', 'Binary/7/_history/2', 'Binary/7'],
    ['elsewhere', 'https://evil.example/Binary/7', undefined],
    ['a path upwards', '../Binary/7', undefined],
    ['an address of the inner network', 'http://169.254.169.254/latest', undefined],
    ['data', `data:image/png;base64,${PNG}`, undefined],
    ['another resource', 'Patient/7', undefined],
  ])('at a URL: %s', (_, url, expected) => {
    const found = avatar('Practitioner', { url });
    expect(found?.source).toEqual(expected && { kind: 'binary', reference: expected });
  });

  test('has another digest when the picture changes', () => {
    const digests = [
      avatar('Practitioner', { data: PNG }),
      avatar('Practitioner', { data: base64('GIF89a', 9) }),
      avatar('Practitioner', { url: 'Binary/7' }),
      avatar('Practitioner', { url: 'Binary/7', hash: 'x' }),
      avatar('Practitioner', { url: 'Binary/7/_history/2' }),
    ].map((found) => found?.digest);
    expect(new Set(digests).size).toBe(5);
    expect(avatar('Practitioner', { data: PNG })?.digest).toBe(digests[0]);
  });

  test.each([
    ['Practitioner', {}, true],
    ['Practitioner', { namePolicy: 'role' }, true],
    ['Practitioner', { avatars: false }, false],
    ['Patient', {}, true],
    ['Patient', { namePolicy: 'initials' }, false],
    ['RelatedPerson', { namePolicy: 'role' }, false],
    ['Organization', {}, false],
  ] as const)('%s under %o: %s', (type, over, isShown) => {
    const person = type === 'Organization' ? { resourceType: type } : undefined;
    const found = person
      ? avatarOf(person, { avatars: true, namePolicy: 'full' })
      : avatar(type, { data: PNG }, over);
    expect(found !== undefined).toBe(isShown);
  });
});
