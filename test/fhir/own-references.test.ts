// Which absolute references are to resources of this server, and which are to others that only have the same ids.
import { expect, test } from 'vitest';
import { parseReference } from '../../src/domain/ids.ts';
import { basesOf, withOwnReferences } from '../../src/fhir/own-references.ts';

const bases = basesOf('https://fhir.example.org/fhir/', ['http://10.0.0.5:8080/hapi']);
const read = (reference: string) =>
  parseReference(
    withOwnReferences({ participant: [{ member: { reference } }] }, bases).participant[0]?.member.reference,
  )?.reference;

test.each([
  'Practitioner/7',
  'Practitioner/7/_history/2',
  'https://fhir.example.org/fhir/Practitioner/7',
  'https://FHIR.example.org:443/fhir/Practitioner/7/_history/2',
  'http://10.0.0.5:8080/hapi/Practitioner/7',
])('of this server is %s', (reference) => {
  expect(read(reference)).toBe('Practitioner/7');
});

test.each([
  'https://elsewhere.example/fhir/Practitioner/7',
  'http://fhir.example.org/fhir/Practitioner/7',
  'https://fhir.example.org:8443/fhir/Practitioner/7',
  'https://fhir.example.org/fhir-other/Practitioner/7',
  'https://fhir.example.org/Practitioner/7',
  'https://fhir.example.org/fhir/other/Practitioner/7',
  'https://user@fhir.example.org/fhir/Practitioner/7',
  'https://fhir.example.org/fhir/Practitioner/7?x=1',
  'https://fhir.example.org/fhir/../Practitioner/7',
  '/Practitioner/7',
  'fhir/Practitioner/7',
  '#7',
  'urn:uuid:7',
  'Practitioner/..',
  'https://fhir.example.org/fhir/Practitioner/.',
])('of no resource here is %s', (reference) => {
  expect(read(reference)).toBeUndefined();
});

test('an answer of any depth is read', () => {
  let body: object = { reference: 'https://fhir.example.org/fhir/Patient/1' };
  for (let depth = 0; depth < 100_000; depth += 1) body = [body];
  expect(() => withOwnReferences(body, bases)).not.toThrow();
});
