// The privacy sweep's search: it finds personal data in every form, and nothing else.
import { describe, expect, test } from 'vitest';
import type { PersonalData } from './builders/personal-data.ts';
import { CLIENT, DAUGHTER, carelessMessage, findPersonalData, FORBIDDEN } from './builders/personal-data.ts';

const kinds = (text: string): readonly string[] => findPersonalData(text).map(({ what }) => what);

describe('personal data', () => {
  test.each([
    ['GET /fhir/Patient?birthdate=1938-07-16 HTTP/1.1', 'birth date of the client'],
    ['born on 16-07-1938', 'birth date of the client'],
    ['"dob":"19380716"', 'birth date of the client'],
    [
      'GET /fhir/Patient?identifier=http%3A%2F%2Ffhir.nl%2Ffhir%2FNamingSystem%2Fbsn%7C999990019',
      'BSN of the client',
    ],
    ['GET /fhir/Patient?identifier=bsn|999990020&_count=1', 'BSN of the daughter'],
    ['mailto=stormvogel38%40post.example', 'e-mail address of the client'],
    ['call 06-87140925', 'phone number of the client'],
    ['tel=%2B31687140925', 'phone number of the client'],
    ['0031 6 85307946', 'phone number of the daughter'],
    ['#careteam/zorgnetwerk-de-vreeswijkhof:localhost', 'family name of the client'],
    ['?name=JOHANNUS', 'given name of the client'],
    ['?name=Jan%20de%20Vries', 'name in the demo'],
  ])('is found in %s', (text, what) => {
    expect(kinds(text)).toContain(what);
  });

  test('is found in each form that a careless message has it in', () => {
    expect(new Set(kinds(carelessMessage()))).toEqual(new Set(FORBIDDEN.map(({ what }) => what)));
  });

  test.each([
    'J.D.V. (client), K.D.V. (relative)',
    '1796871409250 and 1999990019.5 and 9999900190',
    '$19380716193807161938071619380716',
    'GET /fhir/Patient/t12345678-client HTTP/1.1',
    'txn 31687140925123',
  ])('is not found in %s', (text) => {
    expect(kinds(text)).toEqual([]);
  });

  test.each([CLIENT, DAUGHTER])(
    'of the test people has BSNs with a valid check digit',
    ({ bsn }: PersonalData) => {
      const weights = [9, 8, 7, 6, 5, 4, 3, 2, -1];
      const sum = weights.reduce((total, weight, index) => total + weight * Number(bsn[index]), 0);
      expect(sum % 11).toBe(0);
    },
  );
});
