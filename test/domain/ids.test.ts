// Ids that others choose stand in the paths of URLs: none may lead elsewhere.
import { describe, expect, test } from 'vitest';
import { isFhirId, isMxcUri, parseReference } from '../../src/domain/ids.ts';

describe('an id that would lead to another path of the server', () => {
  test.each(['Patient/.', 'Patient/..', 'https://fhir.example.org/Patient/..', 'Patient/../_history/1'])(
    'is no reference: %s',
    (reference) => {
      expect(parseReference(reference)).toBeUndefined();
    },
  );

  test.each(['.', '..'])('is no FHIR id: %s', (id) => {
    expect(isFhirId(id)).toBe(false);
  });

  test.each(['mxc://../config', 'mxc://./config'])('is no media URI: %s', (uri) => {
    expect(isMxcUri(uri)).toBe(false);
  });
});

describe('an id with points in it', () => {
  test.each(['Patient/1.2', 'Patient/.1', 'Patient/...', 'Patient/..a/_history/..'])(
    'is a reference: %s',
    (reference) => {
      expect(parseReference(reference)?.resourceType).toBe('Patient');
    },
  );

  test('is a media URI', () => {
    expect(isMxcUri('mxc://matrix.example.org:8448/AbC_-1')).toBe(true);
  });
});
