// What each status of a CareTeam and of a CommunicationRequest asks for.
import { describe, expect, test } from 'vitest';
import { wantedForCareTeam, wantedForRequest } from '../../src/mapping/phases.ts';

describe('a CareTeam', () => {
  test.each([
    ['proposed', { make: false, phase: 'read-only' }],
    ['active', { make: true, phase: 'open' }],
    ['suspended', { make: false, phase: 'read-only' }],
    ['inactive', { make: false, phase: 'closed' }],
    ['entered-in-error', { make: false, phase: 'closed' }],
    [undefined, { make: true, phase: 'open' }],
    ['of another value set', { make: true, phase: 'open' }],
  ])('%s', (status, expected) => {
    expect(wantedForCareTeam(status)).toEqual(expected);
  });
});

describe('a CommunicationRequest', () => {
  test.each([
    ['draft', { make: false, phase: 'read-only' }],
    ['active', { make: true, phase: 'open' }],
    ['on-hold', { make: false, phase: 'read-only' }],
    ['revoked', { make: false, phase: 'read-only' }],
    ['completed', { make: true, phase: 'read-only' }],
    ['entered-in-error', { make: false, phase: 'closed' }],
    ['unknown', { make: true, phase: 'open' }],
    [undefined, { make: true, phase: 'open' }],
    ['of another value set', { make: true, phase: 'open' }],
  ])('%s', (status, expected) => {
    expect(wantedForRequest(status)).toEqual(expected);
  });
});
